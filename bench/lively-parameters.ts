import type { ModelConfig } from '../client/model/config.ts';
import { initialParameters, layoutOf } from '../client/model/parameters.ts';

/** Parameters far larger than at the start of training, so that the distribution of the next token has shape. */
export function livelyParameters(config: ModelConfig, seed: number, scale = 15): Float32Array<ArrayBuffer> {
  return initialParameters(config, layoutOf(config), seed).map((value) =>
    Math.abs(value) < 0.2 ? scale * value : value,
  );
}
