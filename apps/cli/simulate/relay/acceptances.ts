import { recentProblems } from '../../../../relay/journal/recent-rounds.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import type { RelayInvariants } from '../invariants/relay-invariants.ts';
import type { NodeNumber, VirtualOffer } from '../world/messages.ts';
import type { VirtualContribution } from './journal.ts';
import type { RoundOptions } from './round-options.ts';
import { arrivalOf, type RelayRounds } from './rounds.ts';

/** An upload that is complete, and the connection that waits for its receipt. */
export interface Upload {
  readonly node: NodeNumber;
  readonly connection: number;
  readonly offer: VirtualOffer;
}

export interface Answers {
  accepted(upload: Upload, entry: VirtualContribution): void;
  refused(upload: Upload, code: RefusalCode): void;
}

/**
 * Complete uploads on their way to the journal, as relay/run/contributions/acceptances.ts: all that wait share one write. In a run with
 * arrivals those wait that the open round does not take.
 */
export class RelayAcceptances {
  readonly #rounds: RelayRounds;
  readonly #options: RoundOptions;
  readonly #invariants: RelayInvariants;
  readonly #answers: Answers;
  #waiting: Upload[] = [];
  #isQueued = false;

  constructor(rounds: RelayRounds, options: RoundOptions, invariants: RelayInvariants, answers: Answers) {
    this.#rounds = rounds;
    this.#options = options;
    this.#invariants = invariants;
    this.#answers = answers;
  }

  add(upload: Upload): void {
    this.#waiting.push(upload);
    this.#invariants.begun?.waiting.add(upload.node);
    this.tick();
  }

  /** True while an upload of the node is not answered: its next messages wait behind it. */
  waitsFor(node: NodeNumber): boolean {
    return this.#waiting.some((upload) => upload.node === node);
  }

  /** Looks whether what waits can be accepted now. */
  tick(): void {
    if (this.#isQueued || this.#waiting.length === 0) return;
    this.#isQueued = true;
    let taken: readonly Upload[] = [];
    let answers: readonly (() => void)[] = [];
    this.#rounds.tasks.add({
      prepare: () => {
        this.#isQueued = false;
        taken = this.#taken();
        return taken.length === 0 ? null : this.#options.sync;
      },
      write: () => {
        answers = this.#append(taken);
      },
      done: (failed) => {
        if (failed) for (const upload of taken) this.#refuse(upload, RefusalCode.STORAGE);
        else for (const answer of answers) answer();
        this.#rounds.settle();
        this.tick();
      },
    });
  }

  #accept(upload: Upload, entry: VirtualContribution): void {
    this.#invariants.begun?.waiting.delete(upload.node);
    this.#answers.accepted(upload, entry);
  }

  #refuse(upload: Upload, code: RefusalCode): void {
    this.#invariants.refusing(upload.node, upload.offer, code);
    this.#invariants.begun?.waiting.delete(upload.node);
    this.#answers.refused(upload, code);
  }

  /** The uploads that may be accepted now; the others wait, or are refused. */
  #taken(): readonly Upload[] {
    const batch = this.#waiting;
    this.#waiting = [];
    let others = 0;
    const taken: Upload[] = [];
    for (const upload of batch) {
      const { node, offer } = upload;
      const had = this.#rounds.replay.acceptedOf({ node, ...offer });
      if (had !== null) {
        this.#accept(upload, had);
        continue;
      }
      const code = this.#rounds.refusalOf(node, offer, others);
      const before = taken.map((one) => arrivalOf(one.node, one.offer));
      if (code !== null) this.#refuse(upload, code);
      else if (this.#rounds.isTurnOf(arrivalOf(node, offer), before)) {
        taken.push(upload);
        if (!this.#rounds.isExpected(node)) others++;
      } else this.#waiting.push(upload);
    }
    this.#invariants.accepting(taken.map(({ node }) => node));
    return taken;
  }

  /** Appends the entries; returns the answers to give once they are applied. */
  #append(uploads: readonly Upload[]): readonly (() => void)[] {
    const { open, recent } = this.#rounds.replay;
    const appended = new Map<NodeNumber, VirtualContribution>();
    return uploads.map((upload) => {
      const { node, offer } = upload;
      const before = open?.contributions.get(node) ?? appended.get(node);
      if (before !== undefined) {
        if (before.payload === offer.payload) return () => this.#accept(upload, before);
        return () => this.#refuse(upload, RefusalCode.DUPLICATE);
      }
      if (open === null || open.contributions.size + appended.size >= this.#options.limits.target)
        return () => this.#refuse(upload, RefusalCode.TOO_LATE);
      const problem = recent.problemOf(arrivalOf(node, offer));
      // As relay/journal/journal-end.ts: a round that takes no such work is as good as closed.
      if (problem === 'round' || problem === 'base') return () => this.#refuse(upload, RefusalCode.TOO_LATE);
      if (problem !== null) return () => this.#refuse(upload, recentProblems[problem].code);
      const facts = { ...ownFacts(offer), countsIn: open.round, attempt: open.attempt, node };
      const tokens = offer.steps * this.#options.tokensPerStep;
      const entry = this.#rounds.appendContribution({ ...facts, tokens });
      appended.set(node, entry);
      return () => this.#accept(upload, entry);
    });
  }
}

/** What an entry has of an offer. */
function ownFacts({ round, payload, base, steps, part }: VirtualOffer): VirtualOffer {
  return { round, payload, base, steps, part };
}
