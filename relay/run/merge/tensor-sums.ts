import { inSlices, type TakeSlice } from '../aggregate.ts';
import { lowerMedian } from '../norm-bound.ts';
import type { OpenPart, Part } from './merge.ts';

export interface TensorSettings {
  /** Sizes of the tensors, in the order of the vector; their sum is `parameters`. */
  readonly tensors: readonly number[];
  readonly normFactor: number;
}

/**
 * The integer that weighs each part's values in each tensor: its tokens, or less where its norm there is more than `normFactor`
 * times the round's lower median. `norms` holds the L2 norm of each part in each tensor, in units.
 */
export function boundedWeights(
  parts: readonly Part[],
  norms: readonly Float64Array[],
  { tensors, normFactor }: TensorSettings,
): Float64Array[] {
  const bounds = tensors.map((_, tensor) => normFactor * lowerMedian(norms.map((row) => row[tensor] ?? 0)));
  return parts.map(({ tokens }, i) =>
    Float64Array.from(bounds, (bound, tensor) => {
      const norm = norms[i]?.[tensor] ?? 0;
      return norm > bound ? Math.floor((tokens * bound) / norm + 0.5) : tokens;
    }),
  );
}

/** The L2 norm of a part in each tensor, in units. Squares are added in float64 in the order of the values. */
export async function tensorNorms(part: Part, tensors: readonly number[]): Promise<Float64Array> {
  const squares = new Float64Array(tensors.length);
  let tensor = 0;
  let end = tensors[0] ?? 0;
  await part.decode(({ integers, indices, from }) => {
    for (let i = 0; i < integers.length; i++) {
      const index = indices === null ? from + i : (indices[i] ?? 0);
      while (index >= end) end += tensors[++tensor] ?? Infinity;
      squares[tensor] = (squares[tensor] ?? 0) + square(integers[i]);
    }
  });
  return squares.map(Math.sqrt);
}

const square = (value = 0) => value * value;

/** A part, and the integer that weighs its values in each tensor. */
export interface WeightedPart {
  readonly part: Part;
  readonly weights: Float64Array;
}

/** Values whose sums are added to by several parts, one after another; and the payloads, in bytes, that are in memory for that. */
const spanValues = 2 ** 18;
const bytesAtOnce = 2 ** 23;

/** Exact sums of parts whose values have a weight for each tensor. */
export class TensorSums {
  readonly #tensors: readonly number[];
  readonly #parameters: number;
  readonly #sums: Float64Array<ArrayBuffer>;

  constructor(tensors: readonly number[]) {
    this.#tensors = tensors;
    this.#parameters = tensors.reduce((sum, size) => sum + size, 0);
    this.#sums = new Float64Array(this.#parameters);
  }

  /**
   * Adds parts, each with its weights. Several are read at a time and added span by span: the sums of a span stay in the processor's
   * cache, which those of a large model do not fit in. Sums are of integers, and exact in any order.
   */
  async add(parts: readonly WeightedPart[]): Promise<void> {
    for (let next = 0; next < parts.length; ) {
      const opened: (OpenPart & Pick<WeightedPart, 'weights'>)[] = [];
      for (let bytes = 0; next < parts.length && bytes < bytesAtOnce; next++) {
        const { part, weights } = parts[next] ?? { part: null, weights: new Float64Array() };
        if (part === null) break;
        const open = await part.open();
        opened.push({ ...open, weights });
        bytes += open.bytes;
      }
      for (let from = 0; from < this.#parameters; from += spanValues) {
        const span = { from, to: from + spanValues };
        for (const { decode, weights } of opened) await decode(this.#adder(weights), span);
      }
    }
  }

  #adder(weights: Float64Array): TakeSlice {
    const [tensors, sums] = [this.#tensors, this.#sums];
    let tensor = 0;
    let end = tensors[0] ?? 0;
    return ({ integers, indices, from }) => {
      for (let i = 0; i < integers.length; ) {
        const first = indices === null ? from + i : (indices[i] ?? 0);
        while (first >= end) end += tensors[++tensor] ?? Infinity;
        const weight = weights[tensor] ?? 0;
        for (; i < integers.length; i++) {
          const index = indices === null ? from + i : (indices[i] ?? 0);
          if (index >= end) break;
          sums[index] = (sums[index] ?? 0) + weight * (integers[i] ?? 0);
        }
      }
    };
  }

  /** Divides each tensor's sums by its total. Gives up the sums: the unit is a power of two, so only the division rounds. */
  async means(totals: Float64Array, unit: number): Promise<Float64Array<ArrayBuffer>> {
    const sums = this.#sums;
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

  /** The mean weight of a part's values, divided by its tokens. */
  shareOf({ tokens }: Part, weights: Float64Array = new Float64Array()): number {
    const weighed = this.#tensors.reduce((sum, size, tensor) => sum + size * (weights[tensor] ?? 0), 0);
    return weighed / (tokens * this.#parameters);
  }
}
