import { mean } from '../../mean.ts';

/** A loss over pairs of a chosen and a rejected answer. `beta` is the strength of the pull towards the reference. */
export type PreferenceLoss = ContrastLoss & {
  /**
   * Weight of the chosen answers' own loss, the mean over all their tokens in nats; 0 by default. Without it, DPO may lower the
   * chosen answers' probability as long as that of the rejected ones falls more (Pang et al. 2024, arXiv 2404.19733).
   */
  readonly likelihood?: number;
};

type ContrastLoss =
  /** Direct preference optimization (Rafailov et al. 2023, arXiv 2305.18290); `labelSmoothing` is the share of wrong labels. */
  | { readonly kind: 'dpo'; readonly beta: number; readonly labelSmoothing?: number }
  /** DPO whose mean is not biased by a known share of wrong labels (Chowdhury et al. 2024, arXiv 2403.00409). */
  | { readonly kind: 'robust'; readonly beta: number; readonly labelSmoothing: number }
  /** Identity preference optimization on mean log-probabilities (Azar et al. 2023, arXiv 2310.12036). */
  | { readonly kind: 'ipo'; readonly beta: number }
  /** A hinge in place of DPO's sigmoid (SLiC-HF, Zhao et al. 2023, arXiv 2305.10425). */
  | { readonly kind: 'hinge'; readonly beta: number }
  /** Mean log-probabilities with a margin and without a reference (SimPO, Meng et al. 2024, arXiv 2405.14734). */
  | { readonly kind: 'simpo'; readonly beta: number; readonly margin: number }
  /** The chosen answers' own loss, and `lambda` times the loss of the odds' ratio (ORPO, Hong et al. 2024, arXiv 2403.07691). */
  | { readonly kind: 'orpo'; readonly lambda: number };

/** True if the loss compares with a reference's log-probabilities. */
export function hasReference({ kind }: PreferenceLoss): boolean {
  return kind !== 'simpo' && kind !== 'orpo';
}

/** One answer: the sum of its tokens' log-probabilities in nats, their number, and the reference's sum. */
export interface Answer {
  readonly logProbability: number;
  readonly tokens: number;
  /** 0 for a loss without a reference. */
  readonly reference: number;
}

export interface Pair<One = Answer> {
  readonly chosen: One;
  readonly rejected: One;
}

/** A loss, and its derivative by the log-probability of each token of each answer. */
export interface PairsLoss {
  readonly loss: number;
  readonly slopes: readonly Pair<number>[];
}

const logSigmoid = (x: number) => -Math.log1p(Math.exp(-Math.abs(x))) + Math.min(x, 0);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The weight of the chosen answers' own loss. */
export function likelihoodWeight(kind: PreferenceLoss): number {
  return (kind.likelihood ?? 0) + (kind.kind === 'orpo' ? 1 : 0);
}

/** The mean loss of pairs, in float64. */
export function preferenceLoss(kind: PreferenceLoss, pairs: readonly Pair[]): PairsLoss {
  const each = pairs.map((pair) => pairLoss(kind, pair));
  const loss = mean(each.map((pair) => pair.loss));
  const slopes = each.map(({ chosen, rejected }) => ({
    chosen: chosen / pairs.length,
    rejected: rejected / pairs.length,
  }));
  const weight = likelihoodWeight(kind);
  const tokens = pairs.reduce((sum, { chosen }) => sum + chosen.tokens, 0);
  const likelihood = pairs.reduce((sum, { chosen }) => sum + chosen.logProbability, 0);
  return {
    loss: loss - (weight * likelihood) / tokens,
    slopes: slopes.map(({ chosen, rejected }) => ({ chosen: chosen - weight / tokens, rejected })),
  };
}

function pairLoss(kind: ContrastLoss, { chosen, rejected }: Pair): Pair<number> & { loss: number } {
  const moved = (answer: Answer) => answer.logProbability - answer.reference;
  const margin = moved(chosen) - moved(rejected);
  switch (kind.kind) {
    case 'dpo': {
      const { beta, labelSmoothing: wrong = 0 } = kind;
      const z = beta * margin;
      const slope = beta * (sigmoid(z) - (1 - wrong));
      const loss = -(1 - wrong) * logSigmoid(z) - wrong * logSigmoid(-z);
      return { loss, chosen: slope, rejected: -slope };
    }
    case 'robust': {
      const { beta, labelSmoothing: wrong } = kind;
      const z = beta * margin;
      const slope = (beta * (-(1 - wrong) * sigmoid(-z) - wrong * sigmoid(z))) / (1 - 2 * wrong);
      const loss = (-(1 - wrong) * logSigmoid(z) + wrong * logSigmoid(-z)) / (1 - 2 * wrong);
      return { loss, chosen: slope, rejected: -slope };
    }
    case 'ipo': {
      const distance =
        moved(chosen) / chosen.tokens - moved(rejected) / rejected.tokens - 1 / (2 * kind.beta);
      const slope = 2 * distance;
      return {
        loss: distance ** 2,
        chosen: slope / chosen.tokens,
        rejected: -slope / rejected.tokens,
      };
    }
    case 'hinge': {
      const z = kind.beta * margin;
      const slope = z < 1 ? -kind.beta : 0;
      return { loss: Math.max(0, 1 - z), chosen: slope, rejected: -slope };
    }
    case 'simpo': {
      const { beta } = kind;
      const means = chosen.logProbability / chosen.tokens - rejected.logProbability / rejected.tokens;
      const z = beta * means - kind.margin;
      const slope = beta * (sigmoid(z) - 1);
      return { loss: -logSigmoid(z), chosen: slope / chosen.tokens, rejected: -slope / rejected.tokens };
    }
    case 'orpo': {
      const [mine, other] = [
        chosen.logProbability / chosen.tokens,
        rejected.logProbability / rejected.tokens,
      ];
      // The logarithm of p / (1 - p); 1 - p is exact also for p near 1.
      const odds = mine - other - (Math.log(-Math.expm1(mine)) - Math.log(-Math.expm1(other)));
      const slope = kind.lambda * (sigmoid(odds) - 1);
      return {
        loss: -kind.lambda * logSigmoid(odds),
        chosen: slope / -Math.expm1(mine) / chosen.tokens,
        rejected: -slope / -Math.expm1(other) / rejected.tokens,
      };
    }
    default:
      return kind satisfies never;
  }
}

/**
 * What a run of preferences is watched by: the rewards `beta` times the log-probability's rise over the reference, the share of
 * pairs whose chosen answer has the higher reward or log-probability, and the chosen answers' mean log-probability in nats.
 */
export function preferenceMetrics(kind: PreferenceLoss, pairs: readonly Pair[]) {
  const beta = 'beta' in kind ? kind.beta : 1;
  const meanOf = (value: (pair: Pair) => number) => mean(pairs.map(value));
  const reward = ({ logProbability, reference }: Answer) => beta * (logProbability - reference);
  return {
    chosenReward: meanOf(({ chosen }) => reward(chosen)),
    rejectedReward: meanOf(({ rejected }) => reward(rejected)),
    margin: meanOf(({ chosen, rejected }) => reward(chosen) - reward(rejected)),
    accuracy: meanOf(({ chosen, rejected }) => Number(reward(chosen) > reward(rejected))),
    rawAccuracy: meanOf(({ chosen, rejected }) => Number(chosen.logProbability > rejected.logProbability)),
    chosenLogProbability: meanOf(({ chosen }) => chosen.logProbability),
    rejectedLogProbability: meanOf(({ rejected }) => rejected.logProbability),
  };
}
