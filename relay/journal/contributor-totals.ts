import type { ContributionFacts } from '../wire/offer.ts';
import { lossOf } from './entry.ts';
import type { Accepted } from './event-log.ts';
import type { AcceptedSoFar } from './open-attempt.ts';

/** A node's tokens and contributions over the run, and its latest losses and part. */
export interface ContributorTotals
  extends Pick<ContributionFacts, 'tokens' | 'trainingLoss' | 'heldOutLoss' | 'part'> {
  readonly contributions: number;
  /**
   * Milliseconds that a step of its last contribution took, its download and upload included: from the opening of the first attempt at the
   * round that it began from to the entry, divided by the steps. Null before its first such contribution.
   */
  readonly stepMs: number | null;
}

/**
 * `ContributorTotals.stepMs` after a contribution of so many steps, whose entry has this time; it began from the base of this attempt, or
 * of an earlier one at the round.
 */
export function stepTimeAfter(
  before: number | null,
  { time, steps }: { readonly time: number; readonly steps: number },
  { attempt, openedAt }: Pick<AcceptedSoFar, 'attempt' | 'openedAt'>,
): number | null {
  // Work on a later attempt may have been done before it.
  return attempt === 1 ? Math.max(0, time - openedAt) / steps : before;
}

/** A node's totals after one more contribution, which began from the base of this attempt, or of an earlier one at the round. */
export function totalsAfter(
  before: ContributorTotals | undefined,
  { time, body }: Accepted,
  began: Pick<AcceptedSoFar, 'attempt' | 'openedAt'>,
): ContributorTotals {
  return {
    tokens: (before?.tokens ?? 0) + body.tokens,
    contributions: (before?.contributions ?? 0) + 1,
    stepMs: stepTimeAfter(before?.stepMs ?? null, { time, steps: body.steps }, began),
    trainingLoss: lossOf(body.trainingLoss),
    heldOutLoss: lossOf(body.heldOutLoss),
    part: body.part,
  };
}
