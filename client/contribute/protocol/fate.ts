import { Fate } from '../../../relay/wire/tapestry_pb.js';
import type { ContributionFate } from '../events.ts';

const outcomes: Readonly<Record<Fate, ContributionFate['outcome'] | null>> = {
  [Fate.UNSPECIFIED]: null,
  [Fate.NONE]: null,
  [Fate.INCLUDED]: 'included',
  [Fate.SCALED]: 'scaled',
  [Fate.LEFT_OUT]: 'left-out',
};

/** A commit's fate and share, in thousandths; null for a node without a contribution. */
export function fateOf(fate: Fate, share: number): ContributionFate | null {
  const outcome = outcomes[fate];
  return outcome === null ? null : { outcome, share: share / 1000 };
}
