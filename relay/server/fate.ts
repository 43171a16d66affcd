import type { Fate as Counted } from '../run/influence/fates.ts';
import { type Commit, Fate } from '../wire/tapestry_pb.js';

const fates: Readonly<Record<Counted['outcome'], Fate>> = {
  included: Fate.INCLUDED,
  scaled: Fate.SCALED,
  trimmed: Fate.TRIMMED,
  capped: Fate.CAPPED,
  'left-out': Fate.LEFT_OUT,
  'too-fast': Fate.TOO_FAST,
  short: Fate.SHORT,
  copy: Fate.COPY,
  worse: Fate.WORSE,
  distrusted: Fate.DISTRUSTED,
  unproven: Fate.UNPROVEN,
};

/** What a node is told of its contribution; undefined for a node without one. */
export function fateOf(counted: Counted | undefined): Pick<Commit, 'fate' | 'share' | 'weight'> {
  if (counted === undefined) return { fate: Fate.NONE, share: 0, weight: 0 };
  const [share, weight] = [counted.share, counted.weight].map((part) => Math.round(part * 1000));
  const outcome = share === 1000 ? 'included' : counted.outcome;
  return { fate: fates[outcome], share: share ?? 0, weight: weight ?? 0 };
}
