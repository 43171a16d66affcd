import type { Hash, NodeKey } from '../wire/hex.ts';
import type { Contribution } from './contribution.ts';
import { checkEntry, type Draft, type Entry, nextEntry, noPrevious, type StoredEntry } from './entry.ts';
import type { Accepted, Attempt, Head, NotAccepted } from './event-log.ts';
import { RecentRounds, stalenessOf } from './recent-rounds.ts';

/** The head of a journal without entries. */
export const noHead: Head = { sequence: 0, hash: noPrevious };

/** An entry as it is stored, and as it is read. */
export interface ChainedEntry {
  readonly stored: StoredEntry;
  readonly entry: Entry;
}

/** How `accept` answers each contribution: with an answer, or with the entry to append, by its index. */
export interface AcceptPlan {
  readonly drafts: readonly (Draft & { readonly body: Contribution })[];
  readonly answers: readonly (Accepted | NotAccepted | number)[];
}

/**
 * The end of a journal: its last entry and its latest rounds. A log needs no more to decide on an append. Nothing here is
 * durable: a log plans with it, persists the entries, and then applies them.
 */
export class JournalEnd {
  #last: StoredEntry | null = null;
  #opened: { readonly round: number; readonly attempt: number } | null = null;
  #isOpen = false;
  /** The contributions of the latest attempt. */
  readonly #accepted = new Map<NodeKey, Accepted>();
  #recent = new RecentRounds<null>(0);

  get head(): Head {
    return this.#last ?? noHead;
  }

  /**
   * Takes the run's first entry, and then every entry since the first opening of the oldest round that contributions may begin from: see
   * `stalenessOf`.
   */
  apply({ stored, entry }: ChainedEntry): void {
    this.#last = stored;
    switch (entry.kind) {
      case 'run-created':
        this.#recent = new RecentRounds(stalenessOf(entry));
        return;
      case 'round-opened':
        this.#recent.opened(entry.body, null);
        this.#opened = entry.body;
        this.#isOpen = true;
        this.#accepted.clear();
        return;
      case 'contribution-accepted':
        this.#accepted.set(entry.body.key, entry);
        this.#recent.accepted(entry);
        return;
      case 'round-closed':
        this.#isOpen = false;
        return;
      case 'round-committed':
        this.#recent.committed();
        return;
      case 'round-abandoned':
        this.#isOpen = false;
        this.#recent.abandoned(entry.body.loss !== null);
    }
  }

  /** The drafts as entries after the last one, each chained to the one before. Throws EntryError for an invalid body. */
  chain(now: number, drafts: readonly Draft[]): ChainedEntry[] {
    let last = this.#last;
    return drafts.map((draft) => {
      const stored = nextEntry(last, now, draft);
      const entry = checkEntry(stored, last);
      last = stored;
      return { stored, entry };
    });
  }

  plan(open: Attempt, contributions: readonly Contribution[]): AcceptPlan {
    const drafts: { kind: 'contribution-accepted'; body: Contribution }[] = [];
    const planned = new Map<NodeKey, number>();
    const owners = new Map<Hash, NodeKey>();
    const isLatest = this.#opened?.round === open.round && this.#opened.attempt === open.attempt;
    const answers = contributions.map((body) => {
      const problem = this.#recent.problemOf(body);
      if (!isLatest || problem === 'round' || problem === 'base') return { refused: 'closed' } as const;
      const index = planned.get(body.key);
      const known = index === undefined ? this.#accepted.get(body.key) : undefined;
      const before = known?.body ?? drafts[index ?? -1]?.body;
      if (before?.payload === body.payload) return known ?? index ?? 0;
      if (problem === 'guard') return { refused: 'guard' } as const;
      const owner = owners.get(body.payload) ?? body.key;
      if (before !== undefined || problem !== null || owner !== body.key)
        return { refused: 'duplicate' } as const;
      if (!this.#isOpen) return { refused: 'closed' } as const;
      if (this.#accepted.size + drafts.length >= open.target) return { refused: 'full' } as const;
      planned.set(body.key, drafts.length);
      owners.set(body.payload, body.key);
      return drafts.push({ kind: 'contribution-accepted', body }) - 1;
    });
    return { drafts, answers };
  }
}

/** The answers of a plan whose drafts became `entries`. */
export function answersOf(plan: AcceptPlan, entries: readonly Entry[]): (Accepted | NotAccepted)[] {
  return plan.answers.map((answer) => {
    if (typeof answer !== 'number') return answer;
    const entry = entries[answer];
    if (entry?.kind !== 'contribution-accepted') throw new Error('a planned contribution was not appended');
    return entry;
  });
}
