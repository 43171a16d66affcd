import type { Merge, Merged, Part } from './merge.ts';
import { WeightedMean } from './weighted-mean.ts';

/**
 * The uniform model soup (Wortsman et al. 2022, arXiv 2203.05482): each delta counts alike, whatever its tokens. A claim of more
 * tokens gains nothing, and a node with few steps moves the base as much as one with many.
 */
export class Soup implements Merge {
  readonly #mean: WeightedMean;

  constructor(parameters: number) {
    this.#mean = new WeightedMean(parameters);
  }

  merge(parts: readonly Part[], unit: number): Promise<Merged> {
    return this.#mean.merge(
      parts.map((part) => ({ ...part, tokens: 1 })),
      unit,
    );
  }
}
