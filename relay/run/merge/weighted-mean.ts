import type { Merge, Merged, Part } from './merge.ts';
import { TensorSums } from './tensor-sums.ts';

/** The mean of deltas, each weighted by its tokens. Integers are multiplied by tokens and added exactly. */
export class WeightedMean implements Merge {
  readonly #parameters: number;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  async merge(parts: readonly Part[], unit: number): Promise<Merged> {
    const sums = new TensorSums([this.#parameters]);
    await sums.add(parts.map((part) => ({ part, weights: Float64Array.of(part.tokens) })));
    const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
    const delta = await sums.means(Float64Array.of(tokens), unit);
    return { delta, excluded: [], shares: parts.map(() => 1) };
  }
}
