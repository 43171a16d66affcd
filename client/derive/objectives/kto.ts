import { mean } from '../../mean.ts';
import type { Answer } from './preference.ts';

/** Kahneman-Tversky optimization over single answers, each wanted or not (Ethayarajh et al. 2024, arXiv 2402.01306). */
export interface KtoLoss {
  readonly beta: number;
  /** Weights of wanted and of unwanted answers; 1 by default. They balance labels of unequal number. */
  readonly desirableWeight?: number;
  readonly undesirableWeight?: number;
}

export interface LabelledAnswer extends Answer {
  readonly desirable: boolean;
}

/**
 * The mean loss of answers, and its derivative by the log-probability of each token of each answer, in float64. The divergence
 * from the reference is estimated by `others`: completions that do not belong to their prompts, which get no gradient.
 */
export function ktoLoss(
  { beta, desirableWeight = 1, undesirableWeight = 1 }: KtoLoss,
  answers: readonly LabelledAnswer[],
  others: readonly Answer[],
): { loss: number; slopes: number[]; divergence: number } {
  const moved = ({ logProbability, reference }: Answer) => logProbability - reference;
  const meanMoved = others.reduce((sum, answer) => sum + moved(answer), 0) / Math.max(1, others.length);
  const divergence = Math.max(0, meanMoved);
  const each = answers.map((answer) => {
    const sign = answer.desirable ? 1 : -1;
    const weight = answer.desirable ? desirableWeight : undesirableWeight;
    const value = 1 / (1 + Math.exp(-sign * beta * (moved(answer) - divergence)));
    return {
      loss: weight * (1 - value),
      slope: (-sign * weight * beta * value * (1 - value)) / answers.length,
    };
  });
  return {
    loss: mean(each.map(({ loss }) => loss)),
    slopes: each.map(({ slope }) => slope),
    divergence,
  };
}
