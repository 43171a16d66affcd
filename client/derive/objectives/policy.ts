import { mean } from '../../mean.ts';

/**
 * A clipped policy gradient over groups of completions of one prompt (GRPO, Shao et al. 2024, arXiv 2402.03300). The ratio of
 * the policy to the policy that sampled is clipped to [1 - low, 1 + high].
 */
export interface PolicyLoss {
  readonly low: number;
  readonly high: number;
  /** Weight of the k3 estimate of the divergence from the reference (Schulman 2020, joschu.net/blog/kl-approx.html). */
  readonly beta: number;
  /** One ratio a token, or one a sequence: the exponential of its mean log ratio (GSPO, Zheng et al. 2025, arXiv 2507.18071). */
  readonly ratio: 'token' | 'sequence';
  /**
   * How tokens are reduced to one loss: the mean of the sequences' means; the mean of all tokens (DAPO, Yu et al. 2025, arXiv
   * 2503.14476); or the sum over sequences times a constant length (Dr. GRPO, Liu et al. 2025, arXiv 2503.20783).
   */
  readonly mean: 'sequences' | 'tokens' | { readonly longest: number };
}

export const grpo: PolicyLoss = { low: 0.2, high: 0.2, beta: 0.04, ratio: 'token', mean: 'sequences' };
export const dapo: PolicyLoss = { low: 0.2, high: 0.28, beta: 0, ratio: 'token', mean: 'tokens' };
export const gspo: PolicyLoss = { low: 0.2, high: 0.28, beta: 0, ratio: 'sequence', mean: 'sequences' };

/** `longest`: tokens of the longest completion allowed. Its advantages are not scaled; see `advantages`. */
export const drGrpo = (longest: number): PolicyLoss => ({
  low: 0.2,
  high: 0.2,
  beta: 0,
  ratio: 'token',
  mean: { longest },
});

/** A sampled completion. One value for each of its tokens that counts. */
export interface Completion {
  readonly advantage: number;
  readonly logProbabilities: ArrayLike<number>;
  /** Of the policy before the first update on these completions. */
  readonly old: ArrayLike<number>;
  /** Of the reference; read only if `beta` is not 0. */
  readonly reference: ArrayLike<number>;
}

/**
 * The rewards of a group less their mean and, if `scaled`, divided by their deviation (unbiased) plus 1e-4. All zero if the
 * rewards are equal: such a group teaches nothing.
 */
export function advantages(rewards: readonly number[], scaled: boolean): number[] {
  const middle = mean(rewards);
  const centred = rewards.map((reward) => reward - middle);
  if (!scaled) return centred;
  const spread = deviation(rewards);
  return centred.map((value) => value / (spread + 1e-4));
}

/** The unbiased standard deviation of the rewards of a group; 0 for a single one. */
export function deviation(rewards: readonly number[]): number {
  const middle = mean(rewards);
  const squares = rewards.reduce((sum, reward) => sum + (reward - middle) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, rewards.length - 1));
}

/** The mean k3 estimate of the divergence of a policy from a reference, over the tokens that the policy sampled; in nats. */
export function meanDivergence(policy: ArrayLike<number>, reference: ArrayLike<number>): number {
  return mean(Array.from(policy, (value, t) => divergenceOf((reference[t] ?? Number.NaN) - value)));
}

/** The k3 estimate at a token whose log-probability by the reference is ahead of the policy's. It is never negative. */
export const divergenceOf = (ahead: number) => Math.exp(ahead) - ahead - 1;

/** The factor of each token's loss in the whole, by its completion. */
export function tokenShares({ mean }: PolicyLoss, lengths: readonly number[]): number[] {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return lengths.map((length) => {
    if (mean === 'tokens') return 1 / tokens;
    if (mean === 'sequences') return 1 / (lengths.length * length);
    return 1 / (lengths.length * mean.longest);
  });
}

/** The loss of completions and its derivative by the log-probability of each token, in float64, with what a run is watched by. */
export function policyLoss(kind: PolicyLoss, completions: readonly Completion[]) {
  const { low, high, beta, ratio: by } = kind;
  const shares = tokenShares(
    kind,
    completions.map(({ logProbabilities }) => logProbabilities.length),
  );
  const sums = { loss: 0, divergence: 0, clipped: 0, ratio: 0, tokens: 0 };
  const slopes = completions.map(({ advantage, logProbabilities, old, reference }, i) => {
    const share = shares[i] ?? 0;
    const tokens = Float64Array.from(logProbabilities);
    const moved = tokens.map((value, t) => value - (old[t] ?? Number.NaN));
    const meanMoved = moved.reduce((sum, value) => sum + value, 0) / tokens.length;
    return tokens.map((value, t) => {
      const ratio = Math.exp(by === 'sequence' ? meanMoved : (moved[t] ?? Number.NaN));
      const held = Math.min(Math.max(ratio, 1 - low), 1 + high);
      const clipped = ratio * advantage > held * advantage;
      // How far the reference is ahead of the policy.
      const ahead = beta === 0 ? 0 : (reference[t] ?? Number.NaN) - value;
      const divergence = divergenceOf(ahead);
      sums.loss += share * (-Math.min(ratio * advantage, held * advantage) + beta * divergence);
      sums.divergence += divergence;
      sums.clipped += Number(clipped);
      sums.ratio += ratio;
      sums.tokens++;
      return share * ((clipped ? 0 : -ratio * advantage) + beta * (1 - Math.exp(ahead)));
    });
  });
  const meanOf = (sum: number) => sum / Math.max(1, sums.tokens);
  const metrics = {
    divergence: meanOf(sums.divergence),
    clipped: meanOf(sums.clipped),
    ratio: meanOf(sums.ratio),
  };
  return { loss: sums.loss, slopes, metrics };
}
