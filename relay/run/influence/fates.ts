import type { WholeManifest } from '../../wire/frames.ts';
import type { Merged } from '../merge/merge.ts';

/** What became of a contribution, and the main reason. */
export interface Fate {
  readonly outcome: 'included' | 'scaled' | 'trimmed' | 'capped' | 'left-out';
  /** How much it counts of what its tokens could, from 0 to 1. */
  readonly share: number;
  /** Its part of the round's weight; those of a round add up to 1. */
  readonly weight: number;
}

type Rule = WholeManifest['merge']['case'];

/** Rules under which a contribution counts less because some of its values do not count. */
const trimming: readonly Rule[] = ['trimmedMean', 'ties'];

/** The fates of a round's contributions: `tokens` are those that they claim, `capped` those with which they weigh. */
export function fatesOf(
  tokens: readonly number[],
  capped: readonly number[],
  { shares, excluded }: Pick<Merged, 'shares' | 'excluded'>,
  rule: Rule,
): Fate[] {
  // A soup weighs all alike.
  const weights = shares.map((share, i) => share * (rule === 'soup' ? 1 : (capped[i] ?? 0)));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const left = new Set(excluded);
  return shares.map((merged, i) => {
    const cap = (capped[i] ?? 0) / (tokens[i] ?? 1);
    const weight = all === 0 ? 0 : (weights[i] ?? 0) / all;
    if (left.has(i)) return { outcome: 'left-out', share: 0, weight: 0 };
    const share = merged * cap;
    if (share === 1) return { outcome: 'included', share, weight };
    if (cap < merged) return { outcome: 'capped', share, weight };
    return { outcome: trimming.includes(rule) ? 'trimmed' : 'scaled', share, weight };
  });
}
