import type { WholeManifest } from '../../wire/frames.ts';
import type { Reason } from '../quality/reasons.ts';
import type { Weighed } from '../quality/weigh.ts';

/** What became of a contribution, and the main reason. */
export interface Fate {
  readonly outcome: 'included' | 'scaled' | 'trimmed' | 'capped' | 'left-out' | Reason;
  /** How much it counts of what its tokens could, from 0 to 1. */
  readonly share: number;
  /** Its part of the round's weight; those of a round add up to 1. */
  readonly weight: number;
}

/** What the merge rule made of the contributions that count: of each its index, its tokens under the cap, and `Merged.shares`. */
export interface Merges {
  readonly merges: readonly { readonly index: number; readonly tokens: number; readonly share: number }[];
  /** Indices of those that it left out. */
  readonly excluded: readonly number[];
}

type Rule = WholeManifest['merge']['case'];

/** Rules under which a contribution counts less because some of its values do not count. */
const trimming: readonly Rule[] = ['trimmedMean', 'ties'];

/** The fates of a round's contributions: `tokens` are those that they claim, `weighed` those that count before cap and merge rule. */
export function fatesOf(
  tokens: readonly number[],
  weighed: readonly Weighed[],
  { merges, excluded }: Merges,
  rule: Rule,
): Fate[] {
  // A soup weighs all alike.
  const weights = merges.map((one) => one.share * (rule === 'soup' ? 1 : one.tokens));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const left = new Set(excluded);
  const places = new Map(merges.map(({ index }, place) => [index, place]));
  return tokens.map((claimed, i) => {
    const place = places.get(i) ?? -1;
    const { tokens: counted = 0, reason = null } = weighed[i] ?? {};
    const { tokens: capped = 0, share: merged = 0 } = merges[place] ?? {};
    if (left.has(i)) return { outcome: 'left-out', share: 0, weight: 0 };
    const weight = all === 0 ? 0 : (weights[place] ?? 0) / all;
    const [quality, cap] = [counted / claimed, counted === 0 ? 1 : capped / counted];
    const share = merged * cap * quality;
    if (share === 1) return { outcome: 'included', share, weight };
    if (reason !== null && (counted === 0 || quality <= Math.min(cap, merged)))
      return { outcome: reason, share, weight };
    if (cap < merged) return { outcome: 'capped', share, weight };
    return { outcome: trimming.includes(rule) ? 'trimmed' : 'scaled', share, weight };
  });
}
