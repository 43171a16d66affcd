import { type DenseCodec, gridUnit } from './wire/dense.ts';

/**
 * Sums of deltas in integers. A delta's integers (q << s, on the manifest's grid) are weighted by its tokens and added
 * exactly, so neither the order of arrival nor a restart can change a bit of the result, and memory is that of one
 * parameter vector however many nodes contribute.
 */
export class WeightedSum {
  readonly #sum: Float64Array<ArrayBuffer>;
  #tokens = 0;

  constructor(parameters: number) {
    this.#sum = new Float64Array(parameters);
  }

  get tokens(): number {
    return this.#tokens;
  }

  add(integers: Int32Array, tokens: number): void {
    const sum = this.#sum;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (integers[i] ?? 0) * tokens;
    this.#tokens += tokens;
  }

  /**
   * The mean delta, weighted by tokens. The sum is exact and the grid's unit a power of two, so each value is rounded
   * once, by the division.
   */
  mean(codec: DenseCodec): Float64Array<ArrayBuffer> {
    const unit = gridUnit(codec);
    return this.#sum.map((sum) => (sum * unit) / this.#tokens);
  }

  reset(): void {
    this.#sum.fill(0);
    this.#tokens = 0;
  }
}

/**
 * The greatest magnitude that a sum can reach in a round: `target` deltas of the greatest integer, each weighted by the
 * most tokens. Below 2^53 every partial sum is an integer that a float64 holds exactly.
 */
export function greatestSum(codec: DenseCodec, maxTokens: number, target: number): number {
  return (2 ** (codec.bits - 1) - 1) * 2 ** codec.maxShift * maxTokens * target;
}

/** Whether sums under these limits are exact; a manifest for which they are not is refused. */
export function sumsAreExact(codec: DenseCodec, maxTokens: number, target: number): boolean {
  return greatestSum(codec, maxTokens, target) < 2 ** 53;
}

/**
 * How much longer than the clip norm a delta may be once it is on the grid. An honest node clips first and rounds then;
 * under a block's least sufficient shift, rounding lengthens it by far less than this part.
 */
export const normTolerance = 1 / 64;

/**
 * Whether a decoded delta is longer than the manifest allows: its L2 norm against
 * clip_norm (1 + tolerance) + half a grid unit a parameter, the rounding of what is finer than the grid itself. The sum
 * of squares runs in index order in float64: the same verdict everywhere.
 */
export function exceedsNorm(integers: Int32Array, codec: DenseCodec): boolean {
  let squares = 0;
  for (const integer of integers) squares += integer * integer;
  const unit = gridUnit(codec);
  const finest = (Math.sqrt(integers.length) * unit) / 2;
  return Math.sqrt(squares) * unit > codec.clipNorm * (1 + normTolerance) + finest;
}
