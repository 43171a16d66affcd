import type { Example } from '../../data/example.ts';
import { mean } from '../../mean.ts';

/** A reward model's loss over pairs of scores (Bradley and Terry 1952). */
export interface RewardLoss {
  /**
   * Weight of the squared sum of a pair's scores, which keeps rewards near 0 (Eisenstein et al. 2023, arXiv 2312.09244); 0 by
   * default.
   */
  readonly centring?: number;
}

/** The scores of a pair; the chosen one should be higher by `margin` (0 by default). */
export interface ScoredPair {
  readonly chosen: number;
  readonly rejected: number;
  readonly margin?: number;
}

/** The mean loss of pairs, and its derivative by each score, in float64. */
export function rewardLoss({ centring = 0 }: RewardLoss, pairs: readonly ScoredPair[]) {
  const each = pairs.map(({ chosen, rejected, margin = 0 }) => {
    const z = chosen - rejected - margin;
    const sum = chosen + rejected;
    const slope = -1 / (1 + Math.exp(z));
    const loss = Math.log1p(Math.exp(-Math.abs(z))) - Math.min(z, 0) + centring * sum ** 2;
    return { loss, chosen: slope + 2 * centring * sum, rejected: -slope + 2 * centring * sum };
  });
  return {
    loss: mean(each.map(({ loss }) => loss)),
    slopes: each.map(({ chosen, rejected }) => ({
      chosen: chosen / pairs.length,
      rejected: rejected / pairs.length,
    })),
  };
}

/**
 * An example to be scored. The score is read where the last token that carries loss is an input, so another token must follow,
 * which carries none and is not seen.
 */
export function scoredExample({ tokens, carriesLoss }: Example): Example {
  return { tokens: Uint32Array.of(...tokens, 0), carriesLoss: Uint8Array.of(...carriesLoss, 0) };
}
