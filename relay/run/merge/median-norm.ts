import type { Merge, Merged, Part } from './merge.ts';
import { boundedWeights, type TensorSettings, TensorSums, tensorNorms } from './tensor-sums.ts';

/**
 * The mean of deltas of which each is scaled down, tensor by tensor, to `normFactor` times the round's median norm (Covenant-72B,
 * with a factor of 1). Divided by all tokens, so a round with long deltas makes a shorter step. It bounds how far a hostile
 * delta moves the base, and does not ask where it points.
 */
export class MedianNorm implements Merge {
  readonly #settings: TensorSettings;

  constructor(settings: TensorSettings) {
    this.#settings = settings;
  }

  async merge(parts: readonly Part[], unit: number): Promise<Merged> {
    const { tensors } = this.#settings;
    const norms: Float64Array[] = [];
    for (const part of parts) norms.push(await tensorNorms(part, tensors));
    const weights = boundedWeights(parts, norms, this.#settings);
    const sums = new TensorSums(tensors);
    await sums.add(parts.map((part, i) => ({ part, weights: weights[i] ?? new Float64Array() })));
    const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
    const delta = await sums.means(new Float64Array(tensors.length).fill(tokens), unit);
    return { delta, excluded: [], shares: parts.map((part, i) => sums.shareOf(part, weights[i])) };
  }
}
