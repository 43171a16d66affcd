import type { Batch } from '../../../client/data/batch.ts';
import { type ModelConfig, presets } from '../../../client/model/config.ts';
import { initialParameters, layoutOf, type ParameterLayout } from '../../../client/model/parameters.ts';
import type { Random } from '../../../client/random.ts';
import { freshState, type TrainerState } from '../../../client/train/training.ts';

/** A model whose steps take a millisecond or two on a CPU. */
export const config: ModelConfig = {
  ...presets.nano,
  vocabularySize: 32,
  layers: 2,
  dimension: 32,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 48,
};
export const layout = layoutOf(config);
export const shape = { batch: 2, sequence: 11 };
export const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

/** The state before the first step, with the initial parameters times `scale`. */
export function fresh(seed: number, scale = 1): TrainerState {
  return freshState(initialParameters(config, layout, seed).map((value) => value * scale));
}

/** `parts` times the rows of `shape`. */
export function randomBatch(random: Random, parts = 1): Batch {
  const tokens = () =>
    Uint32Array.from({ length: parts * shape.batch * shape.sequence }, () =>
      random.below(config.vocabularySize),
    );
  return { inputs: tokens(), targets: tokens() };
}

/** Nearly the same model: its loss is finite, but a product of a tiny and a huge factor has a gradient that is not. */
export function withoutGradient(
  { tensors }: ParameterLayout,
  parameters: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  const changed = parameters.slice();
  for (const { name, offset, size } of tensors) {
    const factor = name.includes('up_proj') ? 1e-24 : name.includes('down_proj') ? 1e24 : 1;
    changed.set(
      parameters.subarray(offset, offset + size).map((value) => value * factor),
      offset,
    );
  }
  return changed;
}
