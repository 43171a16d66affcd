import { type Contribution, contributionOf } from '../../journal/contribution.ts';
import type { CreatedRun, Replay } from '../../journal/replay.ts';
import type { UploadStore } from '../../storage/upload-store.ts';
import { valuesOf } from '../../wire/fragments.ts';
import { fromHex, type Hash, type NodeKey, toHex } from '../../wire/hex.ts';
import { factsOf, tokensOf } from '../../wire/offer.ts';
import { hasPlausibleLosses } from '../../wire/reported.ts';
import { offerBytes, verifySignature } from '../../wire/signatures.ts';
import { type Chunk, type Offer, RefusalCode } from '../../wire/tapestry_pb.js';
import type { Compute } from '../compute/compute.ts';
import { Limiter } from '../task-queue.ts';
import type { RunLimits } from './limits.ts';

export interface Refused {
  readonly refusal: RefusalCode;
}

interface Upload {
  readonly offer: Offer;
  readonly corpus: number | null;
  readonly payload: Hash;
  offset: number;
}

/**
 * Receives contributions from nodes and checks them. Each node has one upload at a time, kept in partial/ so that it can be
 * resumed. Methods throw `disk.full` or `disk.failed`; the bytes stored before remain. Calls for one key must not overlap.
 */
export class Uploads {
  readonly #run: CreatedRun;
  readonly #store: UploadStore;
  readonly #limits: RunLimits;
  readonly #round: Pick<Replay, 'normBoundOf'>;
  readonly #compute: Pick<Compute, 'receive'>;
  readonly #evict: (key: NodeKey) => void;
  /** The most uploads at a time, those included of which no byte has come yet. */
  readonly #most: number;
  readonly #uploads = new Map<NodeKey, Upload>();
  /** The rounds of the uploads that have a place among the most, paused ones too; 0 for those of an earlier process. */
  readonly #rounds: Map<NodeKey, number>;
  readonly #inHand: Limiter;
  /** Payloads of the newest round that were refused whole, by key. */
  #refused = { round: 0, times: new Map<NodeKey, number>() };

  /** `round` tells the bound of a round's deltas. `evict` is called with a key whose paused upload makes room for another; it has to drop that. */
  constructor(
    run: CreatedRun,
    store: UploadStore,
    limits: RunLimits,
    round: Pick<Replay, 'normBoundOf'>,
    compute: Pick<Compute, 'receive'>,
    evict: (key: NodeKey) => void,
  ) {
    this.#run = run;
    this.#round = round;
    this.#compute = compute;
    this.#store = store;
    this.#limits = limits;
    this.#evict = evict;
    const { maxNodes, payloadBytes } = run.manifest.limits;
    const inHand = Math.min(limits.payloadsInHand, Math.floor(limits.payloadBytesInHand / payloadBytes));
    this.#inHand = new Limiter(Math.max(1, inHand));
    this.#most = Math.max(1, Math.min(maxNodes, Math.floor(limits.uploadBytes / payloadBytes)));
    this.#rounds = new Map(store.keys().map((key) => [key, 0]));
  }

  /** The offer whose payload the node is sending. */
  offered(key: NodeKey): Offer | undefined {
    return this.#uploads.get(key)?.offer;
  }

  /** True if the node's upload is of this payload. */
  isOf(key: NodeKey, payload: Hash): boolean {
    return this.#uploads.get(key)?.payload === payload;
  }

  /** Checks an offer's limits and signature and makes it the node's upload; `resume` is the number of its bytes that are stored. */
  async offer(key: NodeKey, corpus: number | null, offer: Offer): Promise<{ resume: number } | Refused> {
    const refusal = this.#outOfLimit(offer);
    if (refusal !== null) return { refusal };
    const signed = offerBytes(fromHex(this.#run.id), offer);
    if (!(await verifySignature(fromHex(key), signed, offer.signature))) {
      return { refusal: RefusalCode.BAD_SIGNATURE };
    }
    if (this.#refusedIn(offer.round, key) >= this.#limits.refusedPayloads)
      return { refusal: RefusalCode.TOO_MANY };
    const payload = toHex(offer.payload);
    const bytes = await this.#store.resume(key, payload, offer.payloadBytes);
    // No await from here on: nodes that offer at once must each count.
    if (!this.#rounds.has(key) && this.#rounds.size >= this.#most && !this.#makeRoom())
      return { refusal: RefusalCode.TOO_MANY };
    this.#uploads.set(key, { offer, corpus, payload, offset: bytes });
    this.#rounds.set(key, offer.round);
    return { resume: bytes };
  }

  /**
   * Appends the upload's next bytes; true if it is now complete. A misplaced, over-long or too short chunk pauses the upload,
   * which the node must offer again.
   */
  async chunk(key: NodeKey, chunk: Chunk): Promise<boolean | Refused> {
    const upload = this.#uploads.get(key);
    const refusal = upload === undefined ? RefusalCode.UNEXPECTED : this.#misplaced(upload, chunk);
    if (upload === undefined || refusal !== null) {
      this.#uploads.delete(key);
      return { refusal: refusal ?? RefusalCode.UNEXPECTED };
    }
    await this.#store.append(key, upload.payload, chunk.data);
    upload.offset += chunk.data.length;
    return upload.offset === upload.offer.payloadBytes;
  }

  /**
   * Checks the whole upload and stores its payload: a contribution, which its round may still refuse. The upload stays in partial/
   * until it is dropped, unless it is refused.
   */
  async received(key: NodeKey): Promise<Contribution | Refused> {
    const upload = this.#uploads.get(key);
    if (upload === undefined) return { refusal: RefusalCode.UNEXPECTED };
    const { offer, corpus, payload } = upload;
    const { part } = factsOf(offer);
    const whole = { key, payload, part, normBound: this.#round.normBoundOf(offer.round) };
    const refusal = await this.#inHand.run(() => this.#compute.receive(whole));
    if (refusal === null) return contributionOf(key, corpus, offer);
    this.#refused.times.set(key, this.#refusedIn(offer.round, key) + 1);
    await this.drop(key);
    return { refusal };
  }

  /** Forgets the node's upload but keeps its bytes, so that it can be offered again. */
  pause(key: NodeKey): void {
    this.#uploads.delete(key);
  }

  /** Forgets the node's upload and drops its bytes. */
  async drop(key: NodeKey): Promise<void> {
    this.#uploads.delete(key);
    this.#rounds.delete(key);
    await this.#store.remove(key);
  }

  /** The nodes with uploads that are for rounds before `oldest`, and those whose eviction failed. */
  outdated(oldest: number): NodeKey[] {
    const keys = new Set([...this.#rounds.keys(), ...this.#store.keys()]);
    return [...keys].filter((key) => (this.#rounds.get(key) ?? 0) < oldest);
  }

  #outOfLimit(offer: Offer): RefusalCode | null {
    const { codec, fragments, manifest } = this.#run;
    const { strategy } = manifest;
    if (!Number.isFinite(offer.trainingLoss) || !Number.isFinite(offer.heldOutLoss))
      return RefusalCode.NOT_FINITE;
    const values = valuesOf(fragments, factsOf(offer).part);
    const within =
      values !== null &&
      offer.payloadBytes === codec.payloadBytes(values) &&
      offer.steps >= 1 &&
      hasPlausibleLosses(offer, manifest) &&
      offer.steps <= strategy.localSteps &&
      offer.tokens === tokensOf(strategy, offer.steps);
    return within ? null : RefusalCode.OUT_OF_LIMIT;
  }

  #misplaced({ offer, offset }: Upload, { offset: at, data }: Chunk): RefusalCode | null {
    if (at !== offset) return RefusalCode.UNEXPECTED;
    const left = offer.payloadBytes - at;
    // Each chunk costs the relay a write, even a short one.
    const least = Math.min(left, this.#limits.smallestChunk, Math.ceil(offer.payloadBytes / 64));
    return data.length < least || data.length > left ? RefusalCode.OUT_OF_LIMIT : null;
  }

  #refusedIn(round: number, key: NodeKey): number {
    if (round > this.#refused.round) this.#refused = { round, times: new Map() };
    return this.#refused.times.get(key) ?? 0;
  }

  /** Gives up the place of the shortest upload that no node is sending; false if there is none. Its bytes are removed soon after. */
  #makeRoom(): boolean {
    let shortest: { readonly key: NodeKey; readonly bytes: number } | null = null;
    for (const key of this.#rounds.keys()) {
      const bytes = this.#store.bytesOf(key);
      if (!this.#uploads.has(key) && bytes < (shortest?.bytes ?? Number.POSITIVE_INFINITY))
        shortest = { key, bytes };
    }
    if (shortest === null) return false;
    this.#rounds.delete(shortest.key);
    this.#evict(shortest.key);
    return true;
  }
}
