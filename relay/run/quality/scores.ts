import type { Measured } from '../../wire/tapestry_pb.js';

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
