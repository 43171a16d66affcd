import type { Contribution } from '../../../relay/journal/contribution.ts';
import type { Draft, Entry, StoredEntry } from '../../../relay/journal/entry.ts';
import type {
  Accepted,
  Appended,
  Attempt,
  EventLog,
  Head,
  Lease,
  NotAccepted,
} from '../../../relay/journal/event-log.ts';
import { answersOf, JournalEnd } from '../../../relay/journal/journal-end.ts';
import { Wake } from '../../../relay/journal/wake.ts';
import type { Clock } from '../../../relay/run/clock.ts';
import type { Fault } from './memory-blobs.ts';

/** A journal in memory, which lives on when the logs that are connected to it close. */
export class MemoryJournal {
  readonly entries: StoredEntry[] = [];
  readonly end = new JournalEnd();
  readonly wake = new Wake();
  lease: { readonly lease: Lease; endsAt: number } | null = null;
  readonly clock: Clock;
  #token = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  append(drafts: readonly Draft[]): Entry[] {
    const chained = this.end.chain(this.clock.now(), drafts);
    for (const one of chained) {
      this.entries.push(one.stored);
      this.end.apply(one);
    }
    this.wake.all();
    return chained.map(({ entry }) => entry);
  }

  lead(holder: string, ms: number): Lease | null {
    const current = this.lease;
    if (current !== null && current.lease.holder !== holder && this.clock.elapsed() < current.endsAt)
      return null;
    const lease = { holder, token: ++this.#token };
    this.lease = { lease, endsAt: this.clock.elapsed() + ms };
    return lease;
  }

  isCurrent({ holder, token }: Lease): boolean {
    const { lease } = this.lease ?? {};
    return (
      lease?.holder === holder && lease.token === token && this.clock.elapsed() < (this.lease?.endsAt ?? 0)
    );
  }
}

/**
 * One process's log of a MemoryJournal. `fault` may fail an operation before it did anything or after it did everything (a
 * lost answer), and may append to the journal or take its lease first, as another process does.
 */
export class MemoryLog implements EventLog {
  readonly #journal: MemoryJournal;
  readonly #fault: Fault;
  readonly #ended = new AbortController();

  constructor(journal: MemoryJournal, fault: Fault = () => {}) {
    this.#journal = journal;
    this.#fault = fault;
  }

  async *read(after: number): AsyncGenerator<StoredEntry, void> {
    this.#fault(false);
    for (let at = after; at < this.#journal.entries.length; at++) {
      const entry = this.#journal.entries[at];
      if (entry === undefined || this.#ended.signal.aborted) return;
      yield entry;
    }
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<StoredEntry, void> {
    const until = AbortSignal.any([signal, this.#ended.signal]);
    for (let at = after; !until.aborted; ) {
      const { times } = this.#journal.wake;
      const entry = this.#journal.entries[at];
      if (entry === undefined) await this.#journal.wake.after(times, until);
      else {
        at++;
        yield entry;
      }
    }
  }

  async accept(
    open: Attempt,
    contributions: readonly Contribution[],
  ): Promise<readonly (Accepted | NotAccepted)[]> {
    return this.#faulty(() => {
      const plan = this.#journal.end.plan(open, contributions);
      return answersOf(plan, this.#journal.append(plan.drafts));
    });
  }

  async append(lease: Lease, expected: Head, drafts: readonly Draft[]): Promise<Appended> {
    return this.#faulty(() => {
      if (!this.#journal.isCurrent(lease)) return { fenced: true };
      const { sequence, hash } = this.#journal.end.head;
      if (sequence !== expected.sequence || hash !== expected.hash) return { conflict: { sequence, hash } };
      return { entries: this.#journal.append(drafts) };
    });
  }

  async lead(holder: string, ms: number): Promise<Lease | null> {
    return this.#faulty(() => this.#journal.lead(holder, ms));
  }

  async renew(lease: Lease, ms: number): Promise<boolean> {
    return this.#faulty(() => {
      const isCurrent = this.#journal.isCurrent(lease);
      if (isCurrent) this.#journal.lease = { lease, endsAt: this.#journal.clock.elapsed() + ms };
      return isCurrent;
    });
  }

  async close(): Promise<void> {
    this.#ended.abort();
  }

  #faulty<T>(work: () => T): T {
    this.#fault(true);
    const answer = work();
    this.#fault(true);
    return answer;
  }
}
