import type { WholeStrategy } from '../wire/frames.ts';
import { inSlices } from './aggregate.ts';

/** A run's vectors, all of the model's length: the base first, then those of the outer optimizer. */
export type State = readonly Float32Array<ArrayBuffer>[];

/** Makes the next base from a base and a merged delta. */
export interface OuterOptimizer {
  /** How many vectors it keeps beside the base; they are zero before the first step. */
  readonly vectors: number;
  /** The state after one step, computed in slices; the arguments do not change, and must not meanwhile. */
  step(state: State, delta: Float64Array): Promise<State>;
}

/** The outer optimizer that a manifest chooses. */
export function outerOptimizerOf({ outer }: Pick<WholeStrategy, 'outer'>): OuterOptimizer {
  switch (outer.case) {
    case 'nesterov':
      return nesterov(outer.value);
  }
}

export interface NesterovSettings {
  readonly learningRate: number;
  readonly momentum: number;
}

/**
 * Nesterov's step on the merged delta (DiLoCo, arXiv 2311.08105, algorithm 1), where a delta is base minus locally
 * trained weights, so it points in the direction of a gradient:
 *
 *     momentum' = mu momentum + delta        base' = base - lr (delta + mu momentum')
 *
 * Each value is computed in float64 with + - * only, in this order, and rounded once to float32: every IEEE 754 machine
 * and every JavaScript engine gives the same bits. Base and momentum, both float32, are all
 * that the next step needs.
 */
export function nesterov({ learningRate, momentum: mu }: NesterovSettings): OuterOptimizer {
  return {
    vectors: 1,
    async step([base = new Float32Array(), momentum = new Float32Array()], deltas) {
      const nextBase = new Float32Array(base.length);
      const nextMomentum = new Float32Array(base.length);
      await inSlices(base.length, (from, to) => {
        for (let i = from; i < to; i++) {
          const delta = deltas[i] ?? 0;
          const velocity = Math.fround(mu * (momentum[i] ?? 0) + delta);
          nextMomentum[i] = velocity;
          nextBase[i] = (base[i] ?? 0) - learningRate * (delta + mu * velocity);
        }
      });
      return [nextBase, nextMomentum];
    },
  };
}
