import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import type { RelayInvariants } from '../invariants/relay-invariants.ts';
import type { NodeNumber, VirtualOffer } from '../world/messages.ts';
import type { VirtualContribution } from './journal.ts';
import type { RelayRounds, RoundOptions } from './rounds.ts';

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

/** Complete uploads on their way to the journal, as relay/run/contributions/acceptances.ts: all that wait share one write. */
export class RelayAcceptances {
  readonly #rounds: RelayRounds;
  readonly #options: RoundOptions;
  readonly #invariants: RelayInvariants;
  readonly #answers: Answers;
  #waiting: Upload[] = [];

  constructor(rounds: RelayRounds, options: RoundOptions, invariants: RelayInvariants, answers: Answers) {
    this.#rounds = rounds;
    this.#options = options;
    this.#invariants = invariants;
    this.#answers = answers;
  }

  add(upload: Upload): void {
    this.#waiting.push(upload);
    if (this.#waiting.length > 1) return;
    let taken: readonly Upload[] = [];
    let answers: readonly (() => void)[] = [];
    this.#rounds.tasks.add({
      prepare: () => {
        taken = this.#taken();
        return taken.length === 0 ? null : this.#options.sync;
      },
      write: () => {
        answers = this.#append(taken);
      },
      done: (failed) => {
        if (failed) for (const upload of taken) this.#answers.refused(upload, RefusalCode.STORAGE);
        else for (const answer of answers) answer();
        this.#rounds.settle();
      },
    });
  }

  /** The uploads that may be accepted now; the others are refused. */
  #taken(): readonly Upload[] {
    const batch = this.#waiting;
    this.#waiting = [];
    let others = 0;
    const taken = batch.filter((upload) => {
      const had = this.#rounds.replay.acceptedOf({ node: upload.node, ...upload.offer });
      if (had !== null) {
        this.#answers.accepted(upload, had);
        return false;
      }
      const code = this.#rounds.refusalOf(upload.node, upload.offer, others);
      if (code !== null) this.#answers.refused(upload, code);
      else if (!this.#rounds.isExpected(upload.node)) others++;
      return code === null;
    });
    this.#invariants.accepting(taken.map(({ node }) => node));
    return taken;
  }

  /** Appends the entries; returns the answers to give once they are applied. */
  #append(uploads: readonly Upload[]): readonly (() => void)[] {
    const { open } = this.#rounds.replay;
    const appended = new Map<NodeNumber, VirtualContribution>();
    return uploads.map((upload) => {
      const { node, offer } = upload;
      const before = open?.contributions.get(node) ?? appended.get(node);
      if (before !== undefined) {
        if (before.payload === offer.payload) return () => this.#answers.accepted(upload, before);
        return () => this.#answers.refused(upload, RefusalCode.DUPLICATE);
      }
      if (open === null || open.contributions.size + appended.size >= this.#options.limits.target)
        return () => this.#answers.refused(upload, RefusalCode.TOO_LATE);
      const { round, payload, base, steps } = offer;
      const facts = { round, attempt: open.attempt, node, payload, base, steps };
      const tokens = steps * this.#options.tokensPerStep;
      const entry = this.#rounds.appendContribution({ ...facts, tokens });
      appended.set(node, entry);
      return () => this.#answers.accepted(upload, entry);
    });
  }
}
