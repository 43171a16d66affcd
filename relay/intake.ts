import { exceedsNorm } from './aggregate.ts';
import type { PartialStore } from './partial.ts';
import type { CreatedRun } from './replay.ts';
import type { NodeKey } from './round.ts';
import { hashOfBytes } from './store.ts';
import { decodeDense } from './wire/dense.ts';
import { WireError } from './wire/frames.ts';
import { fromHex, type Hash, toHex } from './wire/hex.ts';
import { offerBytes, verifySignature } from './wire/signed.ts';
import { type Chunk, type Offer, RefusalCode } from './wire/tapestry_pb.js';

export interface Refused {
  readonly refusal: RefusalCode;
}

/** A contribution whose offer and payload hold in themselves; whether its round takes it is not decided here. */
export interface Received {
  readonly offer: Offer;
  readonly payload: Hash;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** On the manifest's grid. */
  readonly integers: Int32Array;
}

interface Upload {
  readonly offer: Offer;
  readonly payload: Hash;
  offset: number;
}

/**
 * What comes in from nodes, up to a whole and checked contribution: one upload a node at a time, kept in partial/ so
 * that it can be resumed. Methods throw `disk.full` or `disk.failed`; the bytes held before are then still held.
 */
export class Intake {
  readonly #run: CreatedRun;
  readonly #partials: PartialStore;
  readonly #uploads = new Map<NodeKey, Upload>();

  constructor(run: CreatedRun, partials: PartialStore) {
    this.#run = run;
    this.#partials = partials;
  }

  /** The offer whose payload the node is sending. */
  offered(key: NodeKey): Offer | undefined {
    return this.#uploads.get(key)?.offer;
  }

  /** Checks an offer's limits and signature and makes it the node's upload; `resume` is how much of it is held. */
  async offer(key: NodeKey, offer: Offer): Promise<{ resume: number } | Refused> {
    const refusal = this.#outOfLimit(offer);
    if (refusal !== null) return { refusal };
    const signed = offerBytes(fromHex(this.#run.id), offer);
    if (!(await verifySignature(fromHex(key), signed, offer.signature))) {
      return { refusal: RefusalCode.BAD_SIGNATURE };
    }
    const payload = toHex(offer.payload);
    const offset = await this.#partials.resume(key, payload, offer.payloadBytes);
    if (offset === 0 && (await this.#partials.count()) >= this.#run.manifest.limits.maxNodes) {
      return { refusal: RefusalCode.TOO_MANY };
    }
    this.#uploads.set(key, { offer, payload, offset });
    return { resume: offset };
  }

  /**
   * Takes the upload's next bytes. Null while more are to come, and the contribution when they were the last: it stays
   * in partial/ until it is dropped. An upload that is refused has to be offered again, and is held unless it was bad.
   */
  async chunk(key: NodeKey, chunk: Chunk): Promise<Received | Refused | null> {
    const upload = this.#uploads.get(key);
    const refusal = upload === undefined ? RefusalCode.UNEXPECTED : misplaced(upload, chunk);
    if (upload === undefined || refusal !== null) {
      this.#uploads.delete(key);
      return { refusal: refusal ?? RefusalCode.UNEXPECTED };
    }
    await this.#partials.append(key, upload.payload, chunk.data);
    upload.offset += chunk.data.length;
    if (upload.offset < upload.offer.payloadBytes) return null;
    const received = await this.#received(key, upload);
    if ('refusal' in received) await this.drop(key);
    return received;
  }

  /** Forgets the node's upload; its bytes stay for when it is offered again. */
  pause(key: NodeKey): void {
    this.#uploads.delete(key);
  }

  /** Forgets the node's upload and drops its bytes. */
  async drop(key: NodeKey): Promise<void> {
    const upload = this.#uploads.get(key);
    this.#uploads.delete(key);
    if (upload !== undefined) await this.#partials.remove(key, upload.payload);
  }

  /** Forgets every upload. */
  clear(): void {
    this.#uploads.clear();
  }

  async #received(key: NodeKey, { offer, payload }: Upload): Promise<Received | Refused> {
    const { manifest, codec } = this.#run;
    const bytes = await this.#partials.read(key, payload);
    if (hashOfBytes(bytes) !== payload) return { refusal: RefusalCode.BAD_HASH };
    try {
      const integers = decodeDense(bytes, manifest.model.parameters, codec);
      return exceedsNorm(integers, codec)
        ? { refusal: RefusalCode.NORM_EXCEEDED }
        : { offer, payload, bytes, integers };
    } catch (error) {
      if (error instanceof WireError) return { refusal: error.code };
      throw error;
    }
  }

  #outOfLimit(offer: Offer): RefusalCode | null {
    const { limits, strategy } = this.#run.manifest;
    if (!Number.isFinite(offer.trainingLoss) || !Number.isFinite(offer.heldOutLoss))
      return RefusalCode.NOT_FINITE;
    const within =
      offer.payloadBytes === limits.payloadBytes &&
      offer.steps >= 1 &&
      offer.steps <= strategy.localSteps &&
      offer.tokens >= 1 &&
      offer.tokens <= limits.maxTokens;
    return within ? null : RefusalCode.OUT_OF_LIMIT;
  }
}

function misplaced({ offer, offset }: Upload, { offset: at, data }: Chunk): RefusalCode | null {
  if (at !== offset) return RefusalCode.UNEXPECTED;
  return data.length === 0 || at + data.length > offer.payloadBytes ? RefusalCode.OUT_OF_LIMIT : null;
}
