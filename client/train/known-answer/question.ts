import type { Batch, BatchShape } from '../../data/batch.ts';
import type { ModelConfig } from '../../model/config.ts';
import { layoutOf, type ParameterLayout } from '../../model/parameters.ts';
import { Random } from '../../random.ts';
import type { OptimizerSettings } from '../training.ts';

/** A small training step that is the same on every machine, because a seed draws all of it. */
export interface Question {
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly batch: Batch;
}

/** No multiple of a kernel's tile, but longer than one: whole and cut tiles both occur. */
export const questionShape: BatchShape = { batch: 2, sequence: 72 };

export const questionRate = 0.01;

/**
 * The settings of the step. The gradient is longer than the clip norm. The epsilon is large: with a small one, an element of
 * the gradient near zero moves its parameter by the whole rate in a direction that only rounding decides.
 */
export const questionSettings: Record<'adamw' | 'muon', OptimizerSettings> = {
  adamw: { beta1: 0.9, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1, gradientClip: 0.1 },
  muon: {
    ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1, gradientClip: 0.1 },
    muon: { momentum: 0.95 },
  },
};

const seed = 20_240_607;

/** The question for models whose attention heads are `headSize` wide: the width is fixed in attention's kernels. */
export function questionOf(headSize: number): Question {
  const config: ModelConfig = {
    // No multiple of four, so that the table has rows of padding.
    vocabularySize: 253,
    layers: 1,
    dimension: 2 * headSize,
    heads: 2,
    keyValueHeads: 1,
    feedForward: 2 * headSize,
    contextLength: questionShape.sequence,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    tiedHead: true,
  };
  const layout = layoutOf(config);
  const random = Random.seeded(seed, headSize);
  const parameters = new Float32Array(layout.length);
  // Activations of about 1, so that attention and gates are far from even and every kernel's error shows.
  for (const { offset, shape, fileShape = shape, size } of layout.tensors) {
    const inputs = shape[1];
    const used = inputs === undefined ? size : (fileShape[0] ?? 0) * inputs;
    for (let i = offset; i < offset + used; i++)
      parameters[i] = inputs === undefined ? 1 + random.normal() / 8 : random.normal() / Math.sqrt(inputs);
  }
  const tokens = () =>
    Uint32Array.from({ length: questionShape.batch * questionShape.sequence }, () =>
      random.below(config.vocabularySize),
    );
  return { config, layout, parameters, batch: { inputs: tokens(), targets: tokens() } };
}
