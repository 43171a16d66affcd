import type { Accepted } from '../../journal/event-log.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { drawnOf, type ScoredContribution } from './round-standings.ts';

/**
 * Measures what single contributions are worth: the loss on the probe of the base less the mean of the round, and what it would be without
 * the one. `lossWithout` measures it without the contribution at this place, or with all. This needs as many evaluations as there are scores,
 * and one. Whatever their number, hostile contributions that spoil the mean have bad scores, because the probe says what is better, and not the
 * majority.
 */
export async function scoresOf(
  { quality }: Pick<WholeManifest, 'quality'>,
  contributions: readonly Accepted[],
  lossWithout: (place: number | null) => Promise<string>,
): Promise<ScoredContribution[]> {
  const drawn = quality.case === 'claimed' ? [] : drawnOf(contributions, quality.value);
  if (drawn.length === 0) return [];
  const after = await lossWithout(null);
  const scores: ScoredContribution[] = [];
  for (const contribution of drawn) {
    const before = await lossWithout(contributions.indexOf(contribution));
    scores.push({ sequence: contribution.sequence, before, after });
  }
  return scores;
}
