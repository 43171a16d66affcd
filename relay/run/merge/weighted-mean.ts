import type { Merge, Merged, Part } from './merge.ts';

/** The mean of deltas, each weighted by its tokens. Integers are multiplied by tokens and added exactly. */
export class WeightedMean implements Merge {
  readonly #parameters: number;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  async merge(parts: readonly Part[], unit: number): Promise<Merged> {
    const sums = new Float64Array(this.#parameters);
    let tokens = 0;
    for (const part of parts) {
      await part.decode(({ integers, indices, from }) => {
        for (let i = 0; i < integers.length; i++) {
          const index = indices === null ? from + i : (indices[i] ?? 0);
          sums[index] = (sums[index] ?? 0) + (integers[i] ?? 0) * part.tokens;
        }
      });
      tokens += part.tokens;
    }
    // The unit is a power of two, so only the division rounds.
    return { delta: sums.map((sum) => (sum * unit) / tokens), excluded: [], shares: parts.map(() => 1) };
  }
}
