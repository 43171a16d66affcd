import type { Codec } from '../../wire/codec/codec.ts';
import type { Fragment } from '../../wire/fragments.ts';
import type { Hash } from '../../wire/hex.ts';
import { decodeInSlices, inSlices } from '../aggregate.ts';
import { partOf } from '../merge/merge.ts';
import { WeightedMean } from '../merge/weighted-mean.ts';

/** A contribution to the mean. */
export interface MeanPart {
  readonly tokens: number;
  readonly payload: Hash;
  read(): Promise<Uint8Array>;
}

/** The mean of a round's deltas, each weighted by the tokens that it claims, from which single ones can be taken away. */
export class RoundMean {
  readonly #parts: readonly MeanPart[];
  readonly #codec: Codec;
  readonly #delta: Float64Array<ArrayBuffer>;
  readonly #tokens: number;

  private constructor(parts: readonly MeanPart[], codec: Codec, delta: Float64Array<ArrayBuffer>) {
    this.#parts = parts;
    this.#codec = codec;
    this.#delta = delta;
    this.#tokens = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /** Of deltas with so many values. */
  static async of(parts: readonly MeanPart[], values: number, codec: Codec): Promise<RoundMean> {
    const decoded = parts.map(({ tokens, payload, read }) => ({
      tokens,
      ...partOf(payload, read, (bytes, take, span) => decodeInSlices(bytes, values, codec, take, span)),
    }));
    const { delta } = await new WeightedMean(values).merge(decoded, codec.unit);
    return new RoundMean(parts, codec, delta);
  }

  /** The base less the mean; without what the part at place `without` adds to it, unless that is null. */
  async from(
    base: Float32Array<ArrayBuffer>,
    fragment: Fragment,
    without: number | null,
  ): Promise<Float32Array<ArrayBuffer>> {
    const part = without === null ? undefined : this.#parts[without];
    const delta = part === undefined ? this.#delta : await this.#without(part);
    const values = fragment.of(base).slice();
    await inSlices(values.length, (from, to) => {
      for (let i = from; i < to; i++) values[i] = (values[i] ?? 0) - (delta[i] ?? 0);
    });
    return fragment.into(base, values);
  }

  async #without({ tokens, read }: MeanPart): Promise<Float64Array> {
    const delta = this.#delta.slice();
    const { unit } = this.#codec;
    await decodeInSlices(await read(), delta.length, this.#codec, ({ integers, indices, from }) => {
      for (let i = 0; i < integers.length; i++) {
        const index = indices === null ? from + i : (indices[i] ?? 0);
        delta[index] = (delta[index] ?? 0) - ((integers[i] ?? 0) * unit * tokens) / this.#tokens;
      }
    });
    return delta;
  }
}
