import { contentHash } from '../../../client/sha256.ts';
import type { CreatedRun } from '../../journal/replay.ts';
import { type BlobStore, bytesOfVector } from '../../storage/blob-store.ts';
import { WireError } from '../../wire/frames.ts';
import type { Hash, NodeKey } from '../../wire/hex.ts';
import { RefusalCode } from '../../wire/tapestry_pb.js';
import { checkPayload } from '../aggregate.ts';
import { bounded } from '../norm-bound.ts';
import { RoundMean } from '../quality/round-mean.ts';
import { grantedValues } from '../ranges/range-part.ts';
import { changeOf } from '../report/change.ts';
import { type Folded, type FoldedContribution, RoundFold } from '../round-fold.ts';
import { damaged, readVector } from '../store/read-journal.ts';
import type { Compute, Derived, FoldRequest, MeanRequest, WholeUpload } from './compute.ts';

/** Reads the whole upload of a node. */
export type ReadUpload = (key: NodeKey, payload: Hash) => Promise<Uint8Array<ArrayBuffer>>;

/** What a request made: its vectors, and their names. */
interface Made {
  readonly request: string;
  readonly folded: Folded;
  readonly derived: Derived;
}

/**
 * Computes in the thread that it is in, and in slices, so that the thread's event loop serves others between them. It holds the
 * state that it made last: a round that follows reads no vector.
 */
export class LocalCompute implements Compute {
  readonly #run: Pick<CreatedRun, 'manifest' | 'codec' | 'fragments'>;
  readonly #blobs: BlobStore;
  readonly #read: ReadUpload;
  /** The state that folds begin from, under its hashes. */
  #held: { readonly hashes: string; readonly fold: RoundFold } | null = null;
  #made: Made | null = null;
  /** The mean that was asked for last, under the request without the one that is left out. */
  #mean: { readonly request: string; readonly mean: RoundMean } | null = null;

  constructor(run: Pick<CreatedRun, 'manifest' | 'codec' | 'fragments'>, blobs: BlobStore, read: ReadUpload) {
    this.#run = run;
    this.#blobs = blobs;
    this.#read = read;
  }

  async receive({ key, payload, part, normBound }: WholeUpload): Promise<RefusalCode | null> {
    const { codec, fragments } = this.#run;
    const bytes = await this.#read(key, payload);
    if ((await contentHash(bytes)) !== payload) return RefusalCode.BAD_HASH;
    try {
      await checkPayload(bytes, grantedValues(fragments, part), bounded(codec, normBound));
    } catch (error) {
      if (error instanceof WireError) return error.code;
      throw error;
    }
    await this.#blobs.put(bytes, payload);
    return null;
  }

  async prepare(state: readonly Hash[]): Promise<void> {
    await this.#foldFrom(state);
  }

  async fold(request: FoldRequest): Promise<Derived> {
    return (await this.#make(request)).derived;
  }

  async store(request: FoldRequest): Promise<void> {
    const { folded, derived } = await this.#make(request);
    for (const [i, vector] of folded.state.entries())
      await this.#blobs.put(bytesOfVector(vector), derived.state[i]);
    if (folded.delta !== null && derived.delta !== null) await this.#blobs.put(folded.delta, derived.delta);
  }

  async mean({ without, ...request }: MeanRequest): Promise<Float32Array<ArrayBuffer>> {
    const key = JSON.stringify(request);
    const { codec, fragments, manifest } = this.#run;
    const { base } = await this.#foldFrom(request.state);
    if (this.#mean?.request !== key) {
      const mean = await RoundMean.of(this.#contributions(request), fragments, codec, manifest.limits.quorum);
      this.#mean = { request: key, mean };
    }
    return this.#mean.mean.from(base, fragments.at(request.round), without);
  }

  async vector(hash: Hash): Promise<Float32Array<ArrayBuffer>> {
    const at = this.#made?.derived.state.indexOf(hash) ?? -1;
    return this.#made?.folded.state[at]?.slice() ?? this.#vector(hash);
  }

  async close(): Promise<void> {
    this.#held = null;
    this.#made = null;
    this.#mean = null;
  }

  async #make(request: FoldRequest): Promise<Made> {
    const key = JSON.stringify(request);
    if (this.#made?.request === key) return this.#made;
    const fold = await this.#foldFrom(request.state);
    // It is measured before the fold, and would be in memory beside it.
    this.#mean = null;
    const { base } = fold;
    const folded = await fold.next(request.round, this.#contributions(request));
    const { state, delta, excluded, weighed, fates, norm } = folded;
    const derived = {
      state: await Promise.all(state.map((vector) => contentHash(bytesOfVector(vector)))),
      delta: delta && (await contentHash(delta)),
      change: await changeOf(base, state[0] ?? base),
      ...{ excluded, weighed, fates, norm },
    };
    this.#made = { request: key, folded, derived };
    return this.#made;
  }

  #contributions({ contributions }: FoldRequest): FoldedContribution[] {
    return contributions.map((one) => ({ ...one, read: () => this.#payload(one.payload) }));
  }

  /** The fold at a state: the one that is held, the one that was made last, or the one that is stored. */
  async #foldFrom(state: readonly Hash[]): Promise<RoundFold> {
    const hashes = state.join();
    if (this.#held?.hashes === hashes) return this.#held.fold;
    const made = this.#made?.derived.state.join() === hashes ? this.#made.folded.state : null;
    this.#made = null;
    // Two states at a time would need twice the memory.
    this.#held = null;
    const vectors: Float32Array<ArrayBuffer>[] = [...(made ?? [])];
    if (made === null) for (const hash of state) vectors.push(await this.#vector(hash));
    const fold = new RoundFold(this.#run.manifest, this.#run.codec, vectors);
    this.#held = { hashes, fold };
    return fold;
  }

  #vector(hash: Hash): Promise<Float32Array<ArrayBuffer>> {
    return readVector(this.#blobs, hash, this.#run.manifest.model.parameters);
  }

  async #payload(payload: Hash): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#blobs.get(payload);
    if (bytes === null) throw damaged(`blob ${payload} is missing or was changed`);
    return bytes;
  }
}
