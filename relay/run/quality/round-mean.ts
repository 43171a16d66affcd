import type { Codec } from '../../wire/codec/codec.ts';
import type { Fragment, Fragments, PartName } from '../../wire/fragments.ts';
import type { Hash } from '../../wire/hex.ts';
import { decodeInSlices, inSlices } from '../aggregate.ts';
import { partOf } from '../merge/merge.ts';
import { WeightedMean } from '../merge/weighted-mean.ts';
import { grantedValues, inRange, type ReadPart } from '../ranges/range-part.ts';
import { type Range, roundRanges } from '../ranges/ranges.ts';

/** A contribution to the mean. */
export interface MeanPart {
  readonly tokens: number;
  readonly payload: Hash;
  readonly part: PartName;
  read(): Promise<Uint8Array>;
}

/** The mean of a range. */
interface MeanRange {
  readonly range: Range;
  /** The contributions that have values in it, by index. */
  readonly held: ReadonlyMap<number, ReadPart>;
  /** The sum of their tokens. */
  readonly tokens: number;
}

/**
 * The mean of a round's deltas, each weighted by the tokens that it claims, from which single ones can be taken away. Each range has the
 * mean of the deltas that have its values, and zero if there is none.
 */
export class RoundMean {
  readonly #parts: readonly MeanPart[];
  readonly #codec: Codec;
  readonly #ranges: readonly MeanRange[];
  readonly #delta: Float64Array<ArrayBuffer>;

  private constructor(
    parts: readonly MeanPart[],
    codec: Codec,
    ranges: readonly MeanRange[],
    delta: Float64Array<ArrayBuffer>,
  ) {
    this.#parts = parts;
    this.#codec = codec;
    this.#ranges = ranges;
    this.#delta = delta;
  }

  /** Of contributions to a round of a run with this quorum. */
  static async of(
    parts: readonly MeanPart[],
    fragments: Fragments,
    codec: Codec,
    quorum: number,
  ): Promise<RoundMean> {
    const readable = parts.map(({ payload, part, read }) => {
      const values = grantedValues(fragments, part);
      return partOf(payload, read, (bytes, take, span) => decodeInSlices(bytes, values, codec, take, span));
    });
    const ranges: MeanRange[] = [];
    const delta = new Float64Array(fragments.length);
    const names = parts.map(({ part }) => part);
    for (const range of roundRanges(fragments, fragments.at(1), names, quorum)) {
      const held = new Map<number, ReadPart>();
      let tokens = 0;
      for (const [i, one] of readable.entries()) {
        const { part, tokens: own } = parts[i] ?? { part: 'whole', tokens: 0 };
        if (!range.has(part)) continue;
        held.set(i, inRange(one, part, range, fragments));
        tokens += own;
      }
      ranges.push({ range, held, tokens });
      if (held.size === 0) continue;
      const weighted = [...held].map(([i, part]) => ({ ...part, tokens: parts[i]?.tokens ?? 0 }));
      const { delta: mean } = await new WeightedMean(range.length).merge(weighted, codec.unit);
      delta.set(mean, range.from);
    }
    return new RoundMean(parts, codec, ranges, delta);
  }

  /** The base less the mean; without what the part at place `without` adds to it, unless that is null. */
  async from(
    base: Float32Array<ArrayBuffer>,
    fragment: Fragment,
    without: number | null,
  ): Promise<Float32Array<ArrayBuffer>> {
    const delta = without === null ? this.#delta : await this.#without(without);
    const values = fragment.of(base).slice();
    await inSlices(values.length, (from, to) => {
      for (let i = from; i < to; i++) values[i] = (values[i] ?? 0) - (delta[i] ?? 0);
    });
    return fragment.into(base, values);
  }

  async #without(place: number): Promise<Float64Array> {
    const delta = this.#delta.slice();
    const { unit } = this.#codec;
    const { tokens: own = 0 } = this.#parts[place] ?? {};
    for (const { range, held, tokens } of this.#ranges) {
      await held.get(place)?.decode(({ integers, indices, from }) => {
        for (let i = 0; i < integers.length; i++) {
          const index = range.from + (indices === null ? from + i : (indices[i] ?? 0));
          delta[index] = (delta[index] ?? 0) - ((integers[i] ?? 0) * unit * own) / tokens;
        }
      });
    }
    return delta;
  }
}
