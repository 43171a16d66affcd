import type { Hash, NodeKey } from '../wire/hex.ts';
import { type EntryOf, lossOf } from './entry.ts';
import type { Accepted } from './event-log.ts';

/** The contributions that an attempt at a round has accepted. */
export interface AcceptedSoFar {
  readonly round: number;
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** When the round's first attempt opened. */
  readonly firstOpenedAt: number;
  readonly isClosed: boolean;
  /** Hash of the entry that closed it; null while it is open. */
  readonly closedBy: Hash | null;
  /** In the order of their entries. */
  readonly evaluations: readonly EntryOf<'evaluation-accepted'>[];
  readonly tokens: number;
  /** Sequence of the last contribution's entry; 0 before the first. */
  readonly last: number;
  /** In the order of their entries. */
  readonly contributions: ReadonlyMap<NodeKey, Accepted>;
}

/** An attempt that is open, or closed and not yet committed. */
export class OpenAttempt implements AcceptedSoFar {
  readonly round: number;
  readonly attempt: number;
  readonly openedAt: number;
  readonly firstOpenedAt: number;
  readonly contributions = new Map<NodeKey, Accepted>();
  readonly evaluations: EntryOf<'evaluation-accepted'>[] = [];
  closedBy: Hash | null = null;
  last = 0;
  tokens = 0;
  /** Sum of training losses, each times its tokens. */
  weightedLoss = 0;
  /** By corpus of the manifest: sum and number of held-out losses. */
  readonly heldOut: { sum: number; count: number }[];

  constructor({ body, time }: EntryOf<'round-opened'>, corpora: number, firstOpenedAt: number) {
    this.firstOpenedAt = firstOpenedAt;
    this.round = body.round;
    this.attempt = body.attempt;
    this.openedAt = time;
    this.heldOut = Array.from({ length: corpora }, () => ({ sum: 0, count: 0 }));
  }

  get isClosed(): boolean {
    return this.closedBy !== null;
  }

  add(entry: Accepted): void {
    const { key, corpus, tokens, trainingLoss, heldOutLoss } = entry.body;
    this.contributions.set(key, entry);
    this.last = entry.sequence;
    this.tokens += tokens;
    this.weightedLoss += lossOf(trainingLoss) * tokens;
    const heldOut = corpus === null ? undefined : this.heldOut[corpus];
    if (heldOut === undefined) return;
    heldOut.sum += lossOf(heldOutLoss);
    heldOut.count++;
  }
}
