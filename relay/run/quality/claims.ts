import { lowerMedian } from '../norm-bound.ts';

/** What a contribution claims, and the time that it took by the relay's clock. */
export interface Claim {
  readonly tokens: number;
  /** Milliseconds from the opening of the round's first attempt to the contribution's entry; at least 1. */
  readonly elapsedMs: number;
  /** The fewest milliseconds a token in which the key counted before; null for a key without a past. */
  readonly pace: number | null;
}

/**
 * The tokens of a round's contributions, each at most `factor` times those that its key has done in the same time before. A key
 * without a past is compared with the lower median of the round. A claim can grow by the factor each time it counts, so that a faster
 * device is believed after a few rounds; a node that waits as long as its claim would take is not found by its speed. The past is that of
 * both parts of a model together: a step of the upper layers has the whole forward pass, a third of the work, so that a key that changes to
 * them is at most three times as fast, and new runs have a factor of 8.
 */
export function possibleTokens(claims: readonly Claim[], factor: number): number[] {
  const usual = lowerMedian(claims.map(({ tokens, elapsedMs }) => elapsedMs / tokens));
  return claims.map(({ tokens, elapsedMs, pace }) =>
    Math.min(tokens, Math.max(1, Math.floor((factor * elapsedMs) / (pace ?? usual)))),
  );
}

/** The length of a contribution's delta, the tokens that it claims, and those of them that are possible. */
export interface Shown {
  readonly norm: number;
  readonly claimed: number;
  readonly possible: number;
}

/**
 * The tokens that a round's deltas show. The length of a delta grows with its steps: at most in proportion, at least with their root. A
 * delta that is shorter than `part` of the round's lower median by both laws shows the tokens of its length in proportion. The medians are
 * of the tokens that are claimed: where most keys are faster than they were, what is left of their tokens has far too long deltas for them,
 * and an honest node beside them would seem short.
 */
export function shownTokens(contributions: readonly Shown[], part: number): number[] {
  const rate = lowerMedian(contributions.map(({ norm, claimed }) => norm / claimed));
  const root = lowerMedian(contributions.map(({ norm, claimed }) => norm / Math.sqrt(claimed)));
  return contributions.map(({ norm, possible }) => {
    const isShort = norm / possible < part * rate && norm / Math.sqrt(possible) < part * root;
    return isShort ? Math.floor(norm / rate) : possible;
  });
}
