import { type Commit, Fate } from '../../../relay/wire/tapestry_pb.js';
import type { ContributionFate } from '../events.ts';

const outcomes: Readonly<Record<Fate, ContributionFate['outcome'] | null>> = {
  [Fate.UNSPECIFIED]: null,
  [Fate.NONE]: null,
  [Fate.INCLUDED]: 'included',
  [Fate.SCALED]: 'scaled',
  [Fate.LEFT_OUT]: 'left-out',
  [Fate.TRIMMED]: 'trimmed',
  [Fate.CAPPED]: 'capped',
  [Fate.TOO_FAST]: 'too-fast',
  [Fate.SHORT]: 'short',
  [Fate.COPY]: 'copy',
  [Fate.WORSE]: 'worse',
  [Fate.DISTRUSTED]: 'distrusted',
  [Fate.UNPROVEN]: 'unproven',
};

/** The fate of a commit, whose share and weight are in thousandths; null for a node without a contribution. */
export function fateOf({
  fate,
  share,
  weight,
}: Pick<Commit, 'fate' | 'share' | 'weight'>): ContributionFate | null {
  const outcome = outcomes[fate];
  return outcome === null ? null : { outcome, share: share / 1000, weight: weight / 1000 };
}
