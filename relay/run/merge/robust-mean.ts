import { disagreeing } from './agreement.ts';
import type { Merge, Merged, Part } from './merge.ts';
import { blockWidth, signsOf } from './sketch.ts';
import { boundedWeights, type TensorSettings, TensorSums, type WeightedPart } from './tensor-sums.ts';

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
  readonly #settings: TensorSettings;

  constructor(parameters: number, settings: TensorSettings) {
    this.#parameters = parameters;
    this.#tensors = settings.tensors;
    this.#settings = settings;
  }

  async merge(parts: readonly Part[], unit: number): Promise<Merged> {
    const blocks = this.#blocks(blockWidth(this.#parameters, parts.length));
    const payloads = parts.map(({ payload }) => payload);
    const signs = await signsOf(payloads, this.#parameters);
    const measured: Measured[] = [];
    for (const part of parts) measured.push(await this.#measure(part, blocks, signs));
    const norms = measured.map((one) => one.norms);
    const weights = boundedWeights(parts, norms, this.#settings);
    for (const [i, { sketch }] of measured.entries())
      for (const [at, { tensor }] of blocks.entries())
        sketch[at] = (sketch[at] ?? 0) * (weights[i]?.[tensor] ?? 0);
    const excluded = await disagreeing(measured.map(({ sketch }) => sketch));
    const left = new Set(excluded);
    const sums = new TensorSums(this.#tensors);
    const totals = new Float64Array(this.#tensors.length);
    let tokens = 0;
    const included: WeightedPart[] = [];
    for (const [i, part] of parts.entries()) {
      if (left.has(i)) continue;
      tokens += part.tokens;
      const own = weights[i] ?? new Float64Array();
      for (const [tensor, weight] of own.entries()) totals[tensor] = (totals[tensor] ?? 0) + weight;
      included.push({ part, weights: own });
    }
    await sums.add(included);
    const shares = parts.map((part, i) => (left.has(i) ? 0 : sums.shareOf(part, weights[i])));
    const divisors = totals.map((total) => Math.max(total, tokens / 2));
    return { delta: await sums.means(divisors, unit), excluded, shares };
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
}
