import { Random } from '../../client/random.ts';
import type { Codec } from '../../relay/wire/codec/codec.ts';

/** Encoded chunks that payloads are put together from. */
const variants = 256;
/** Standard deviation of a delta's values. */
const deviation = 1e-3;

/**
 * Valid payloads of a sparse codec, each a random choice of encoded chunks: encoding a whole delta for each contribution would
 * take the nodes' processor far longer than the relay's work on it.
 */
export class LoadPayloads {
  readonly #random: Random;
  readonly #chunks: readonly Uint8Array[];
  readonly #end: Uint8Array;
  readonly #whole: number;

  /** `chunk` is the codec's; `parameters` the length of a delta. */
  constructor(codec: Codec, chunk: number, parameters: number, seed: number) {
    this.#random = Random.seeded(seed);
    this.#whole = Math.floor(parameters / chunk);
    this.#chunks = Array.from({ length: variants }, () => this.#encoded(codec, chunk));
    this.#end = this.#encoded(codec, parameters % chunk);
  }

  next(): Uint8Array<ArrayBuffer> {
    const bytes = this.#chunks[0]?.length ?? 0;
    const payload = new Uint8Array(this.#whole * bytes + this.#end.length);
    for (let i = 0; i < this.#whole; i++)
      payload.set(this.#chunks[this.#random.below(variants)] ?? this.#end, i * bytes);
    payload.set(this.#end, this.#whole * bytes);
    return payload;
  }

  #encoded(codec: Codec, length: number): Uint8Array {
    const values = Float32Array.from({ length }, () => deviation * this.#random.normal());
    return codec.encode(values, new Float32Array(length));
  }
}
