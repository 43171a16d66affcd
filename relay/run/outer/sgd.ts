import { inSlices } from '../aggregate.ts';
import type { OuterOptimizer } from './outer-optimizer.ts';

export interface SgdSettings {
  /** The rate of the first `constantRounds` rounds. */
  readonly learningRate: number;
  /** The rate of the last round of `rounds`. */
  readonly finalRate: number;
  readonly constantRounds: number;
  readonly rounds: number;
}

/**
 * A plain step on the merged delta: base' = base - rate delta. Sparse deltas with error feedback need no outer momentum
 * (SparseLoCo, arXiv 2508.15706): the residual of each node is one already.
 *
 * Each value is computed in float64 with - * only, in this order, and rounded once to float32, so every engine gives the same bits.
 */
export function sgd(settings: SgdSettings): OuterOptimizer {
  return {
    vectors: 0,
    async step([base = new Float32Array()], deltas, round) {
      const rate = rateOf(settings, round);
      const next = new Float32Array(base.length);
      await inSlices(base.length, (from, to) => {
        for (let i = from; i < to; i++) next[i] = (base[i] ?? 0) - rate * (deltas[i] ?? 0);
      });
      return [next];
    },
  };
}

/** The rate of a round, counted from 1: constant, then linear to the final one. In float64, each operation rounded in this order. */
export function rateOf(
  { learningRate, finalRate, constantRounds, rounds }: SgdSettings,
  round: number,
): number {
  if (round <= constantRounds) return learningRate;
  return learningRate + (finalRate - learningRate) * ((round - constantRounds) / (rounds - constantRounds));
}
