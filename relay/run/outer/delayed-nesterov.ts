import { inSlices } from '../aggregate.ts';
import { correctedByMomentum, type HeLoCoSettings } from './heloco.ts';
import type { NesterovSettings } from './nesterov.ts';
import type { OuterOptimizer } from './outer-optimizer.ts';

export interface DelayedNesterovSettings extends NesterovSettings {
  /** Rounds from one change of the momentum to the next; at least 1. */
  readonly period: number;
  /** Corrects each delta before its step; null for none. */
  readonly correction: HeLoCoSettings | null;
}

/**
 * Delayed Nesterov (Liu et al. 2024, arXiv 2401.09135, algorithm 3, with its default c = 0), for deltas that arrive one after another.
 * With N the period, in every round
 *
 *     part = delta / N        buffer' = buffer + part
 *
 * and then, in a round whose number N does not divide, a plain step, and in each Nth the step with the momentum:
 *
 *     base' = base - lr part
 *     momentum' = mu momentum + buffer'       base' = base - lr (mu momentum' + part)       buffer' = 0
 *
 * A momentum that moved with each arrival would be taken N times where synchronous rounds take it once, which is why naive asynchronous
 * runs diverge from them. Each value is computed in float64 with + - * / only, in this order, and rounded once to float32, as by `nesterov`.
 * The vectors beside the base are the momentum and the buffer.
 */
export function delayedNesterov(settings: DelayedNesterovSettings): OuterOptimizer {
  const { learningRate, momentum: mu, period, correction } = settings;
  return {
    vectors: 2,
    async step(state, arrived, round) {
      const [base = new Float32Array(), momentum = new Float32Array(), buffer = new Float32Array()] = state;
      const deltas =
        correction === null ? arrived : await correctedByMomentum(arrived, momentum, { ...correction, mu });
      const isDue = round % period === 0;
      const [nextBase, nextBuffer] = [new Float32Array(base.length), new Float32Array(base.length)];
      const nextMomentum = isDue ? new Float32Array(base.length) : momentum;
      await inSlices(base.length, (from, to) => {
        for (let i = from; i < to; i++) {
          const part = (deltas[i] ?? 0) / period;
          const buffered = Math.fround((buffer[i] ?? 0) + part);
          if (isDue) {
            const velocity = Math.fround(mu * (momentum[i] ?? 0) + buffered);
            nextMomentum[i] = velocity;
            nextBase[i] = (base[i] ?? 0) - learningRate * (mu * velocity + part);
          } else {
            nextBuffer[i] = buffered;
            nextBase[i] = (base[i] ?? 0) - learningRate * part;
          }
        }
      });
      return [nextBase, nextMomentum, nextBuffer];
    },
  };
}
