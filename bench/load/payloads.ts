import { createHash, type Hash } from 'node:crypto';
import { Random } from '../../client/random.ts';
import type { Codec } from '../../relay/wire/codec/codec.ts';
import { encodeToRelay, maxChunkBytes } from '../../relay/wire/frames.ts';
import { maskedFrame } from './frame-socket.ts';

/** Encoded chunks that payloads are put together from, and beginnings of payloads that nodes share. */
const variants = 256;
const heads = 32;
/** Chunks at the end of a payload that are its own: `variants` to this power is far more than the payloads of a run. */
const ownChunks = 4;
/** Standard deviation of a delta's values. */
const deviation = 1e-3;

/** A payload as a node sends it. */
export interface LoadPayload {
  readonly digest: Uint8Array;
  readonly bytes: number;
  /** All of its frames. */
  readonly frames: readonly Buffer[];
}

/** A beginning of payloads: its bytes, their hash so far, and the frames that hold nothing else. */
interface Head {
  readonly bytes: Uint8Array;
  readonly hash: Hash;
  readonly frames: readonly Buffer[];
}

/**
 * Valid payloads of a sparse codec, no two of them alike. All but their ends are shared, and hashed, masked and framed once: to make a
 * whole delta for each contribution would take the nodes' processor longer than the relay's work on it.
 */
export class LoadPayloads {
  readonly #random: Random;
  readonly #chunks: readonly Uint8Array[];
  readonly #end: Uint8Array;
  readonly #heads: readonly Head[];

  /** `chunk` is the codec's; `parameters` the length of a delta. */
  constructor(codec: Codec, chunk: number, parameters: number, seed: number) {
    this.#random = Random.seeded(seed);
    const encoded = (length: number) => {
      const values = Float32Array.from({ length }, () => deviation * this.#random.normal());
      return codec.encode(values, new Float32Array(length));
    };
    this.#chunks = Array.from({ length: variants }, () => encoded(chunk));
    this.#end = encoded(parameters % chunk);
    const shared = Math.floor(parameters / chunk) - ownChunks;
    this.#heads = Array.from({ length: heads }, () => headOf(this.#drawn(shared)));
  }

  next(): LoadPayload {
    const { bytes, hash, frames } = this.#heads[this.#random.below(heads)] ?? headOf(new Uint8Array());
    const own = Buffer.concat([this.#drawn(ownChunks), this.#end]);
    const from = frames.length * maxChunkBytes;
    const rest = Buffer.concat([bytes.subarray(from), own]);
    return {
      digest: hash.copy().update(own).digest(),
      bytes: from + rest.length,
      frames: [...frames, ...framesOf(rest, from)],
    };
  }

  #drawn(count: number): Uint8Array {
    return Buffer.concat(
      Array.from({ length: count }, () => this.#chunks[this.#random.below(variants)] ?? this.#end),
    );
  }
}

function headOf(bytes: Uint8Array): Head {
  const whole = bytes.length - (bytes.length % maxChunkBytes);
  return {
    bytes,
    hash: createHash('sha256').update(bytes),
    frames: framesOf(bytes.subarray(0, whole), 0),
  };
}

/** The frames of a payload's bytes from `from` on. */
function framesOf(bytes: Uint8Array, from: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += maxChunkBytes) {
    const data = bytes.subarray(at, at + maxChunkBytes);
    frames.push(maskedFrame(encodeToRelay({ case: 'chunk', value: { offset: from + at, data } })));
  }
  return frames;
}
