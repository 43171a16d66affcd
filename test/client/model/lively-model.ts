import type { ModelConfig } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { referenceForward } from '../../../client/model/reference/model.ts';

/** Odd in every way that matters, and small enough to be followed in float64. */
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

/** Far larger than at the start of training, so that the distribution of the next token has shape. */
export function livelyParameters(config: ModelConfig, seed: number, scale = 15): Float32Array<ArrayBuffer> {
  return initialParameters(config, layoutOf(config), seed).map((value) =>
    Math.abs(value) < 0.2 ? scale * value : value,
  );
}

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
