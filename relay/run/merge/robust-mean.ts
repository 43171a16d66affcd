import { inSlices } from '../aggregate.ts';
import { lowerMedian } from '../norm-bound.ts';
import { disagreeing } from './agreement.ts';
import type { Merge, Merged, Part } from './merge.ts';
import { blockWidth, signsOf } from './sketch.ts';

export interface RobustSettings {
  /** Sizes of the tensors, in the order of the vector; their sum is `parameters`. */
  readonly tensors: readonly number[];
  readonly normFactor: number;
}

/** What the first pass takes from a part. */
interface Measured {
  /** The L2 norm of each tensor, in units. */
  readonly norms: Float64Array;
  /** Its sketch: see sketch.ts. */
  readonly sketch: Float64Array;
}

/** A block of a sketch: the values before `end`, from the end of the block before, which are of one tensor. */
interface Block {
  readonly tensor: number;
  readonly end: number;
}

/**
 * The weighted mean of deltas in which no minority decides:
 *
 * - Length: in each tensor, a delta that is longer than `normFactor` times the round's median is scaled down to that (norm
 *   clipping as in Sun et al. 2019, arXiv 1911.07963, with a bound that the round itself gives). The weight stays an
 *   integer, so sums are exact. The mean of a tensor is over the weights in it, so that scaling makes no step shorter; but
 *   over at least half of the tokens, so that it makes none longer than twice that bound.
 * - Agreement: a delta that points against the others is left out: see agreement.ts.
 *
 * Two passes over the parts: one measures, one adds.
 */
export class RobustMean implements Merge {
  readonly #parameters: number;
  readonly #tensors: readonly number[];
  readonly #normFactor: number;

  constructor(parameters: number, { tensors, normFactor }: RobustSettings) {
    this.#parameters = parameters;
    this.#tensors = tensors;
    this.#normFactor = normFactor;
  }

  async merge(parts: readonly Part[], unit: number): Promise<Merged> {
    const blocks = this.#blocks(blockWidth(this.#parameters, parts.length));
    const payloads = parts.map(({ payload }) => payload);
    const signs = await signsOf(payloads, this.#parameters);
    const measured: Measured[] = [];
    for (const part of parts) measured.push(await this.#measure(part, blocks, signs));
    const weights = this.#weights(parts, measured);
    for (const [i, { sketch }] of measured.entries())
      for (const [at, { tensor }] of blocks.entries())
        sketch[at] = (sketch[at] ?? 0) * (weights[i]?.[tensor] ?? 0);
    const excluded = await disagreeing(measured.map(({ sketch }) => sketch));
    const left = new Set(excluded);
    const sums = new Float64Array(this.#parameters);
    const totals = new Float64Array(this.#tensors.length);
    let tokens = 0;
    for (const [i, part] of parts.entries()) {
      if (left.has(i)) continue;
      tokens += part.tokens;
      const own = weights[i] ?? new Float64Array();
      for (const [tensor, weight] of own.entries()) totals[tensor] = (totals[tensor] ?? 0) + weight;
      await this.#add(part, own, sums);
    }
    const shares = parts.map((part, i) => (left.has(i) ? 0 : this.#shareOf(part, weights[i])));
    return {
      delta: await this.#means(
        sums,
        totals.map((total) => Math.max(total, tokens / 2)),
        unit,
      ),
      excluded,
      shares,
    };
  }

  #blocks(width: number): Block[] {
    const blocks: Block[] = [];
    let end = 0;
    for (const [tensor, size] of this.#tensors.entries()) {
      const start = end;
      end += size;
      for (let at = start; at < end; at += width) blocks.push({ tensor, end: Math.min(at + width, end) });
    }
    return blocks;
  }

  /** Squares are added in float64 in the order of the indices; the sketch is not weighted yet, and exact. */
  async #measure(part: Part, blocks: readonly Block[], signs: Uint8Array): Promise<Measured> {
    const squares = new Float64Array(this.#tensors.length);
    const sketch = new Float64Array(blocks.length);
    let at = 0;
    await part.decode(({ integers, indices, from }) => {
      for (let i = 0; i < integers.length; ) {
        const first = indices === null ? from + i : (indices[i] ?? 0);
        while (first >= (blocks[at]?.end ?? Infinity)) at++;
        const { tensor, end } = blocks[at] ?? { tensor: 0, end: Infinity };
        let square = squares[tensor] ?? 0;
        let signed = sketch[at] ?? 0;
        for (; i < integers.length; i++) {
          const index = indices === null ? from + i : (indices[i] ?? 0);
          if (index >= end) break;
          const integer = integers[i] ?? 0;
          square += integer * integer;
          // -integer where the bit is set: random signs would mislead a branch every second time.
          const bit = ((signs[index >> 3] ?? 0) >> (index & 7)) & 1;
          signed += (integer ^ -bit) + bit;
        }
        squares[tensor] = square;
        sketch[at] = signed;
      }
    });
    return { norms: squares.map(Math.sqrt), sketch };
  }

  /** The integer that weighs each part's values in each tensor: its tokens, or less where it is longer than the bound. */
  #weights(parts: readonly Part[], measured: readonly Measured[]): Float64Array[] {
    const bounds = this.#tensors.map(
      (_, tensor) => this.#normFactor * lowerMedian(measured.map(({ norms }) => norms[tensor] ?? 0)),
    );
    return parts.map(({ tokens }, i) =>
      Float64Array.from(bounds, (bound, tensor) => {
        const norm = measured[i]?.norms[tensor] ?? 0;
        return norm > bound ? Math.floor((tokens * bound) / norm + 0.5) : tokens;
      }),
    );
  }

  async #add(part: Part, weights: Float64Array, sums: Float64Array): Promise<void> {
    let tensor = 0;
    let end = this.#tensors[0] ?? 0;
    await part.decode(({ integers, indices, from }) => {
      for (let i = 0; i < integers.length; i++) {
        const index = indices === null ? from + i : (indices[i] ?? 0);
        while (index >= end) end += this.#tensors[++tensor] ?? Infinity;
        sums[index] = (sums[index] ?? 0) + (weights[tensor] ?? 0) * (integers[i] ?? 0);
      }
    });
  }

  /** Turns exact sums into means; the unit is a power of two, so only the division rounds. */
  async #means(
    sums: Float64Array<ArrayBuffer>,
    totals: Float64Array,
    unit: number,
  ): Promise<Float64Array<ArrayBuffer>> {
    let start = 0;
    for (const [tensor, size] of this.#tensors.entries()) {
      const total = totals[tensor] ?? 0;
      const first = start;
      await inSlices(size, (from, to) => {
        for (let i = first + from; i < first + to; i++) sums[i] = ((sums[i] ?? 0) * unit) / total;
      });
      start += size;
    }
    return sums;
  }

  #shareOf({ tokens }: Part, weights: Float64Array = new Float64Array()): number {
    const weighed = this.#tensors.reduce((sum, size, tensor) => sum + size * (weights[tensor] ?? 0), 0);
    return weighed / (tokens * this.#parameters);
  }
}
