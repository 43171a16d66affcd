import type { Contribution } from '../../journal/contribution.ts';
import type { CountedIn } from '../../journal/recent-rounds.ts';
import { type Acknowledgement, RefusalCode } from '../../wire/tapestry_pb.js';
import { nextTurn } from '../next-turn.ts';
import type { Rounds } from '../rounds.ts';
import type { RunStore } from '../run-store.ts';
import { acceptedOf } from './receipt.ts';
import type { Refused } from './uploads.ts';

type Answer = { readonly acknowledgement: Acknowledgement } | Refused;

interface Waiting {
  readonly contribution: Contribution;
  readonly answer: PromiseWithResolvers<Answer>;
}

const refusals = {
  closed: RefusalCode.TOO_LATE,
  full: RefusalCode.TOO_LATE,
  duplicate: RefusalCode.DUPLICATE,
  guard: RefusalCode.GUARD,
} as const;

/**
 * Contributions whose payloads are stored and whose entries are not yet appended. All that arrive while the journal is busy
 * are appended in one transaction, so that many nodes share one sync of the disk. In a run with arrivals those wait that the open
 * round does not take; there is at most one of each node.
 */
export class Acceptances {
  readonly #store: RunStore;
  readonly #rounds: Rounds;
  readonly #receiptOf: (counted: CountedIn) => Promise<Acknowledgement>;
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(store: RunStore, rounds: Rounds, receiptOf: (counted: CountedIn) => Promise<Acknowledgement>) {
    this.#store = store;
    this.#rounds = rounds;
    this.#receiptOf = receiptOf;
  }

  /** Rejects with the log's error. The contribution may then be accepted or not, and can be offered again. */
  add(contribution: Contribution): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.push({ contribution, answer });
    return answer.promise;
  }

  /** Refuses all that wait, and what no round takes at once: nothing waits any more. */
  close(): void {
    this.#isClosed = true;
    for (const { answer } of this.#waiting.splice(0)) answer.resolve({ refusal: RefusalCode.STORAGE });
  }

  /**
   * Appends and answers the pending contributions that the open round takes, and refuses those that no round will; how many were appended.
   * The receipts are signed before this resolves: a commit that the contributions cause comes after it, and with the last commit the
   * nodes' connections end.
   */
  async accept(): Promise<number> {
    if (this.#waiting.length === 0) return 0;
    // Waits one turn of the event loop, so that contributions whose payloads were stored during the last sync join this batch.
    await nextTurn();
    const batch = this.#waiting;
    this.#waiting = [];
    const taken: Waiting[] = [];
    const contributions: Contribution[] = [];
    let others = 0;
    for (const waiting of batch) {
      const { contribution, answer } = waiting;
      // The same upload may have reached the journal while this one waited: by another process, or from the connection before.
      const had = acceptedOf(this.#store.replay, contribution.key, contribution);
      if (had !== null) {
        answer.resolve(this.#receiptOf(had).then((acknowledgement) => ({ acknowledgement })));
        continue;
      }
      const refusal = this.#rounds.refusalNow(contribution, others);
      if (refusal !== null) answer.resolve({ refusal });
      else if (this.#rounds.isTurnOf(contribution, contributions)) {
        taken.push(waiting);
        contributions.push(contribution);
        if (!this.#rounds.isExpected(contribution.key)) others++;
      } else if (this.#isClosed) answer.resolve({ refusal: RefusalCode.STORAGE });
      else this.#waiting.push(waiting);
    }
    if (taken.length === 0) return 0;
    const open = this.#rounds.attempt();
    try {
      const answers = await this.#store.accept(open, contributions);
      await this.#rounds.catchUp();
      const receipts = await Promise.all(
        answers.map((one) => ('refused' in one ? null : this.#receiptOf({ ...open, accepted: one }))),
      );
      for (const [i, { answer }] of taken.entries()) {
        const [one = { refused: 'closed' as const }, acknowledgement] = [answers[i], receipts[i]];
        if (acknowledgement) answer.resolve({ acknowledgement });
        else answer.resolve({ refusal: refusals['refused' in one ? one.refused : 'closed'] });
      }
      return taken.length;
    } catch (error) {
      for (const { answer } of taken) answer.reject(error);
      return 0;
    }
  }
}
