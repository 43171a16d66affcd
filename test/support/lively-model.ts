import type { ModelConfig } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { referenceForward } from '../../client/model/reference/model.ts';

/** Sizes that no tile divides evenly, small enough to compute in float64. */
export const smallConfig: ModelConfig = {
  vocabularySize: 11,
  layers: 2,
  dimension: 16,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 21,
  contextLength: 8,
  ropeTheta: 100,
  normEpsilon: 1e-5,
  tiedHead: false,
};

/** The float64 reference's logits after the last of `tokens`. */
export function referenceLogits(
  config: ModelConfig,
  parameters: Float32Array,
  tokens: readonly number[],
): Float64Array {
  const shape = { batch: 1, sequence: tokens.length };
  const values = Float64Array.from(parameters);
  const logits = referenceForward(config, layoutOf(config), values, Uint32Array.from(tokens), shape);
  return logits.subarray(-config.vocabularySize);
}
