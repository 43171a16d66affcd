import type { WholeManifest } from '../../wire/frames.ts';
import type { Reason } from '../quality/reasons.ts';
import type { Weighed } from '../quality/weigh.ts';
import type { MergedRange } from '../ranges/merge-range.ts';
import type { Range } from '../ranges/ranges.ts';

/** What became of a contribution, and the main reason. */
export interface Fate {
  readonly outcome: 'included' | 'scaled' | 'trimmed' | 'capped' | 'left-out' | Reason;
  /** How much it counts of what its tokens could, from 0 to 1. */
  readonly share: number;
  /** Its part of the round's weight; those of a round add up to 1. */
  readonly weight: number;
}

/** What the merge rule made of a range of the vector; see `MergedRange`. */
export interface Merges extends Pick<MergedRange, 'present' | 'merges' | 'excluded'> {
  readonly range: Pick<Range, 'length'>;
}

/** What a range made of a contribution that has values in it. */
interface RangeFate {
  readonly length: number;
  /** Its tokens under the cap; 0 if it does not count. */
  readonly tokens: number;
  readonly share: number;
  readonly weight: number;
  readonly isLeftOut: boolean;
}

type Rule = WholeManifest['merge']['case'];

/** Rules under which a contribution counts less because some of its values do not count. */
const trimming: readonly Rule[] = ['trimmedMean', 'ties'];

/**
 * The fates of a round's contributions: `tokens` are those that they claim, `weighed` those that count before cap and merge rule. The
 * numbers of a contribution are means: its share over the values that it has, its weight over all values that the round's contributions move.
 */
export function fatesOf(
  tokens: readonly number[],
  weighed: readonly Weighed[],
  ranges: readonly Merges[],
  rule: Rule,
): Fate[] {
  const found = ranges.map((range) => rangeFates(range, rule));
  const moved = found.reduce((sum, { moves }) => sum + moves, 0);
  return tokens.map((claimed, i) => {
    const { tokens: counted = 0, reason = null } = weighed[i] ?? {};
    const own = found.flatMap(({ fates }) => fates.get(i) ?? []);
    if (own.length > 0 && own.every(({ isLeftOut }) => isLeftOut))
      return { outcome: 'left-out', share: 0, weight: 0 };
    const weight = own.reduce((sum, fate) => sum + fate.weight * (fate.length / Math.max(1, moved)), 0);
    const capOf = ({ tokens: capped }: RangeFate) => (counted === 0 ? 1 : capped / counted);
    const [quality, cap, merged] = [
      counted / claimed,
      meanOver(own, capOf),
      meanOver(own, ({ share }) => share),
    ];
    const share = meanOver(own, (fate) => fate.share * capOf(fate) * quality);
    if (share === 1) return { outcome: 'included', share, weight };
    if (reason !== null && (counted === 0 || quality <= Math.min(cap, merged)))
      return { outcome: reason, share, weight };
    if (cap < merged) return { outcome: 'capped', share, weight };
    return { outcome: trimming.includes(rule) ? 'trimmed' : 'scaled', share, weight };
  });
}

/** The mean over values of what ranges say: exactly that of one range, and exactly what all of them say alike. */
function meanOver(ranges: readonly RangeFate[], of: (fate: RangeFate) => number): number {
  const values = ranges.reduce((sum, { length }) => sum + length, 0);
  const first = ranges[0] === undefined ? 0 : of(ranges[0]);
  return ranges.reduce((mean, fate) => mean + (of(fate) - first) * (fate.length / values), first);
}

/** What a range makes of each contribution that has values in it, by index; `moves` is its length, or 0 if nothing counts there. */
function rangeFates({ range: { length }, present, merges, excluded }: Merges, rule: Rule) {
  // A soup weighs all alike.
  const weightOf = (one: Merges['merges'][number]) => one.share * (rule === 'soup' ? 1 : one.tokens);
  const all = merges.reduce((sum, one) => sum + weightOf(one), 0);
  const counted = new Map(merges.map((one) => [one.index, one]));
  const left = new Set(excluded);
  const fates = new Map<number, RangeFate>();
  for (const index of present) {
    const one = counted.get(index) ?? { index, tokens: 0, share: 0 };
    const weight = all === 0 ? 0 : weightOf(one) / all;
    const { tokens, share } = one;
    fates.set(index, { length, tokens, share, weight, isLeftOut: left.has(index) });
  }
  return { fates, moves: all === 0 ? 0 : length };
}
