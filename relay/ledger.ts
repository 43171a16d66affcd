import type { WeightedSum } from './aggregate.ts';
import type { Entry, EntryKind, EntryOf } from './entries.ts';
import type { Received } from './intake.ts';
import type { Journal } from './journal.ts';
import { nesterovStep } from './outer.ts';
import type { AcceptedContribution, Replay } from './replay.ts';
import type { NodeKey } from './round.ts';
import { type BlobStore, bytesOfVector } from './store.ts';
import { type Hash, toHex } from './wire/hex.ts';

/** How many of the newest bases and momenta stay as files, beside the initial base: `verify` derives the others again. */
export const keptCheckpoints = 3;

/** Base and momentum after the last commit, and the sum of what the open round accepted. */
export interface Vectors {
  readonly base: Float32Array<ArrayBuffer>;
  readonly momentum: Float32Array<ArrayBuffer>;
  readonly sum: WeightedSum;
}

export interface Committed {
  readonly time: number;
  readonly base: Hash;
  readonly contributions: number;
  readonly tokens: number;
}

/**
 * The durable side of a run: journal, blobs, and the vectors that follow from them. A method that returned has made
 * its change for ever; one that threw `disk.full` or `disk.failed` has changed nothing and may be called again.
 */
export class Ledger {
  readonly replay: Replay;
  readonly #journal: Journal;
  readonly #blobs: BlobStore;
  readonly #sum: WeightedSum;
  #base: Float32Array<ArrayBuffer>;
  #momentum: Float32Array<ArrayBuffer>;

  constructor(journal: Journal, replay: Replay, blobs: BlobStore, vectors: Vectors) {
    this.replay = replay;
    this.#journal = journal;
    this.#blobs = blobs;
    this.#sum = vectors.sum;
    this.#base = vectors.base;
    this.#momentum = vectors.momentum;
  }

  /** A copy of the current base. */
  base(): Float32Array<ArrayBuffer> {
    return this.#base.slice();
  }

  append<Kind extends EntryKind>(time: number, kind: Kind, body: EntryOf<Kind>['body']): Entry {
    const entry = this.#journal.append(time, kind, body);
    this.replay.apply(entry);
    return entry;
  }

  /** Takes a contribution into the open round: first the payload, then the entry that names it. */
  async accept(time: number, key: NodeKey, received: Received): Promise<Entry> {
    const { offer, payload } = received;
    await this.#blobs.put(received.bytes);
    const body: AcceptedContribution['body'] = {
      round: offer.round,
      key,
      base: toHex(offer.base),
      payload,
      payloadBytes: offer.payloadBytes,
      steps: offer.steps,
      tokens: offer.tokens,
      trainingLoss: offer.trainingLoss,
      heldOutLoss: offer.heldOutLoss,
      signature: toHex(offer.signature),
    };
    const entry = this.append(time, 'contribution-accepted', body);
    this.#sum.add(received.integers, offer.tokens);
    return entry;
  }

  /**
   * Makes the next base of the open round: a function of base, momentum and accepted contributions, so that another
   * try, and whoever verifies, makes the same one.
   */
  async commit(time: number): Promise<Committed> {
    const { run, open, committed } = this.replay;
    const mean = this.#sum.mean(run.codec);
    const next = nesterovStep(this.#base, this.#momentum, mean, run.manifest.strategy);
    const base = await this.#blobs.put(bytesOfVector(next.base));
    const momentum = await this.#blobs.put(bytesOfVector(next.momentum));
    const contributions = open?.contributions.map(({ sequence }) => sequence) ?? [];
    const { tokens } = this.#sum;
    const round = committed + 1;
    const entry = this.append(time, 'round-committed', { round, contributions, tokens, base, momentum });
    this.#base = next.base;
    this.#momentum = next.momentum;
    this.#sum.reset();
    return { time: entry.time, base, contributions: contributions.length, tokens };
  }

  /** Ends the open round without a base. What it accepted stays in journal and blobs, and counts for nothing. */
  abandon(time: number): Entry {
    const { open, committed, attempt } = this.replay;
    const contributions = open?.contributions.length ?? 0;
    const entry = this.append(time, 'round-abandoned', { round: committed + 1, attempt, contributions });
    this.#sum.reset();
    return entry;
  }

  /** Removes what only older rounds needed, and empties the write-ahead log. */
  async tidy(): Promise<void> {
    await this.#blobs.removeAll(outdatedCheckpoints(this.replay));
    this.#journal.checkpoint();
  }

  /** Where a blob's file is; null when there is none. */
  async blob(hash: Hash): Promise<string | null> {
    return (await this.#blobs.has(hash)) ? this.#blobs.path(hash) : null;
  }

  lines(after: number): Iterable<string> {
    return this.#journal.lines(after);
  }

  close(): void {
    this.#journal.close();
  }
}

/** Bases and momenta that stay as files. */
export function keptBlobs(replay: Replay): Set<Hash> {
  const newest = replay.checkpoints.slice(-keptCheckpoints);
  return new Set([
    toHex(replay.run.manifest.initialBase),
    ...newest.flatMap(({ base, momentum }) => [base, momentum]),
  ]);
}

/** Those of the one checkpoint that is no longer among the newest. What is not removed now goes at the next start. */
function outdatedCheckpoints(replay: Replay): Hash[] {
  const kept = keptBlobs(replay);
  const outdated = replay.checkpoints.slice(-keptCheckpoints - 1, -keptCheckpoints);
  return outdated.flatMap(({ base, momentum }) => [base, momentum]).filter((hash) => !kept.has(hash));
}
