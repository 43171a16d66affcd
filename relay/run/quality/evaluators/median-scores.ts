import { type EntryOf, lossOf } from '../../../journal/entry.ts';
import type { Measured } from '../../../wire/tapestry_pb.js';

/** What one evaluator measured, as the journal has it. */
export type JournaledEvaluation = Pick<EntryOf<'evaluation-accepted'>['body'], 'after' | 'before'>;

/** True for so many evaluations that they decide instead of the relay. */
export function haveQuorum(count: number, { evaluatorQuorum }: Pick<Measured, 'evaluatorQuorum'>): boolean {
  return evaluatorQuorum > 0 && count >= evaluatorQuorum;
}

/**
 * The scores that evaluations give: for each contribution the losses of the evaluator whose score is the lower median, of equal ones the
 * first in the journal. While fewer than half of them lie, a score is never outside those of the honest ones. `sequences` are those of the
 * contributions that are scored, in their order; each evaluation has as many losses.
 */
export function medianScores(
  sequences: readonly number[],
  evaluations: readonly JournaledEvaluation[],
): EntryOf<'round-committed'>['body']['scores'] {
  const middle = Math.floor((evaluations.length - 1) / 2);
  return sequences.flatMap((sequence, place) => {
    const all = evaluations.map(({ after, before }) => {
      const own = before[place] ?? after;
      return { before: own, after, score: lossOf(own) - lossOf(after) };
    });
    // Sorting is stable.
    const chosen = all.sort((one, other) => one.score - other.score)[middle];
    return chosen === undefined ? [] : [{ sequence, before: chosen.before, after: chosen.after }];
  });
}
