import type { Measured } from '../../wire/tapestry_pb.js';
import type { Reason } from './reasons.ts';
import type { Mark } from './reputation.ts';

/**
 * The least score with which a contribution counts, given those of its round: somewhat below zero, because the scores of honest work scatter
 * around zero late in a run, and because one contribution that spoils the mean of a round lowers the scores of the others too.
 */
export function leastScoreOf(
  scores: readonly number[],
  { scoreTolerance, scorePart }: Pick<Measured, 'scoreTolerance' | 'scorePart'>,
): number {
  const sum = scores.reduce((all, score) => all + Math.abs(score), 0);
  return -Math.max(scoreTolerance, scores.length === 0 ? 0 : (scorePart * sum) / scores.length);
}

/** What a commit says of the key of each contribution: the score is null if it was not measured, the reason if no tokens were lowered. */
export function marksOf(
  contributions: readonly { readonly score: number | null; readonly reason: Reason | null }[],
  settings: Pick<Measured, 'scoreTolerance' | 'scorePart'>,
): Mark[] {
  const least = leastScoreOf(
    contributions.flatMap(({ score }) => (score === null ? [] : [score])),
    settings,
  );
  return contributions.map(({ score, reason }) => {
    if (reason === 'copy' || (score !== null && score < least)) return 'bad';
    return score === null || reason === 'short' || reason === 'too-fast' ? null : 'good';
  });
}
