import type { TensorPlace } from '../parameters.ts';
import { at, dot } from './vector.ts';

export interface AdamWState {
  /** Steps taken. */
  step: number;
  readonly parameters: Float64Array;
  readonly firstMoment: Float64Array;
  readonly secondMoment: Float64Array;
}

/** The optimizer settings of client/train/training.ts, which this folder may not import. */
export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
}

/**
 * One AdamW step, in place (Loshchilov and Hutter 2019, algorithm 2): the gradient is scaled by
 * `min(1, clip / norm)` over the whole vector, moments are bias-corrected, and only tensors with `decay` are decayed.
 */
export function referenceAdamW(
  state: AdamWState,
  gradient: Float64Array,
  settings: AdamWSettings,
  learningRate: number,
  layout: { readonly tensors: readonly Pick<TensorPlace, 'offset' | 'size' | 'decay'>[] },
): void {
  const { beta1, beta2, epsilon } = settings;
  const { parameters, firstMoment, secondMoment } = state;
  const norm = Math.sqrt(dot(gradient, gradient));
  const scale = norm > settings.gradientClip ? settings.gradientClip / norm : 1;
  state.step++;
  const correction1 = 1 - beta1 ** state.step;
  const correction2 = 1 - beta2 ** state.step;
  for (const { offset, size, decay } of layout.tensors) {
    const weightDecay = decay ? settings.weightDecay : 0;
    for (let i = offset; i < offset + size; i++) {
      const g = scale * at(gradient, i);
      const first = beta1 * at(firstMoment, i) + (1 - beta1) * g;
      const second = beta2 * at(secondMoment, i) + (1 - beta2) * g * g;
      const direction = first / correction1 / (Math.sqrt(second / correction2) + epsilon);
      firstMoment[i] = first;
      secondMoment[i] = second;
      parameters[i] = at(parameters, i) - learningRate * (direction + weightDecay * at(parameters, i));
    }
  }
}
