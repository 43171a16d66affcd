import { inSlices } from '../aggregate.ts';
import type { OuterOptimizer } from './outer-optimizer.ts';

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
