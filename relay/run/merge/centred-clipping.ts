import { inSlices } from '../aggregate.ts';
import { lowerMedian } from '../norm-bound.ts';
import type { Merge, Merged, Part } from './merge.ts';

export interface ClippingSettings {
  readonly iterations: number;
  /** The clipping radius, in medians of the distances from the centre. */
  readonly radiusFactor: number;
}

/**
 * Centred clipping (Karimireddy et al. 2021, arXiv 2012.10333): the centre moves by the mean of the deltas' differences from it,
 * each shortened to the radius. It starts at zero. The paper's radius is a number that someone chooses; here it is
 * `radiusFactor` times the lower median of the distances, in each iteration, so a minority cannot widen it.
 *
 * With integer weights w_i = tokens_i * min(1, radius / distance_i), rounded, W their sum and T that of the tokens, an iteration is
 * centre' = (sum of w_i x_i + (T - W) centre) / T, of which the sum is exact. Two passes over the parts an iteration.
 */
export class CentredClipping implements Merge {
  readonly #parameters: number;
  readonly #settings: ClippingSettings;

  constructor(parameters: number, settings: ClippingSettings) {
    this.#parameters = parameters;
    this.#settings = settings;
  }

  async merge(parts: readonly Part[], unit: number): Promise<Merged> {
    const { iterations, radiusFactor } = this.#settings;
    const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
    // In units.
    const centre = new Float64Array(this.#parameters);
    const sums = new Float64Array(this.#parameters);
    let weights: readonly number[] = [];
    for (let iteration = 0; iteration < iterations; iteration++) {
      const distances: number[] = [];
      for (const part of parts) distances.push(await distanceOf(part, centre));
      const radius = radiusFactor * lowerMedian(distances);
      weights = parts.map((part, i) => clipped(part.tokens, radius, distances[i] ?? 0));
      const weighed = weights.reduce((sum, weight) => sum + weight, 0);
      sums.fill(0);
      for (const [i, part] of parts.entries()) await add(part, weights[i] ?? 0, sums);
      await inSlices(this.#parameters, (from, to) => {
        for (let i = from; i < to; i++)
          centre[i] = ((sums[i] ?? 0) + (tokens - weighed) * (centre[i] ?? 0)) / tokens;
      });
    }
    await inSlices(this.#parameters, (from, to) => {
      for (let i = from; i < to; i++) centre[i] = (centre[i] ?? 0) * unit;
    });
    const shares = parts.map((part, i) => (weights[i] ?? 0) / part.tokens);
    return { delta: centre, excluded: [], shares };
  }
}

function clipped(tokens: number, radius: number, distance: number): number {
  return distance <= radius ? tokens : Math.floor((tokens * radius) / distance + 0.5);
}

/** In float64, squares added in the order of the values; those that a payload leaves out are zero. */
async function distanceOf(part: Part, centre: Float64Array): Promise<number> {
  let squares = 0;
  const plus = (index: number, integer: number) => {
    const difference = integer - (centre[index] ?? 0);
    squares += difference * difference;
  };
  await part.decode(({ integers, indices, from, to }) => {
    let next = 0;
    for (let index = from; index < to; index++) {
      const isHeld = indices === null || indices[next] === index;
      plus(index, isHeld ? (integers[next++] ?? 0) : 0);
    }
  });
  return Math.sqrt(squares);
}

async function add(part: Part, weight: number, sums: Float64Array): Promise<void> {
  await part.decode(({ integers, indices, from }) => {
    for (let i = 0; i < integers.length; i++) {
      const index = indices === null ? from + i : (indices[i] ?? 0);
      sums[index] = (sums[index] ?? 0) + weight * (integers[i] ?? 0);
    }
  });
}
