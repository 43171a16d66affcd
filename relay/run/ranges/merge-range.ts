import type { WholeManifest } from '../../wire/frames.ts';
import { cappedTokens } from '../influence/cap.ts';
import { mergeOf } from '../merge/merge-of.ts';
import type { ReadPart } from './range-part.ts';
import type { Range } from './ranges.ts';

/** A contribution that has values in a range. */
export interface RangeContribution {
  /** Its place among the contributions of the round. */
  readonly index: number;
  /** The tokens that count, before the cap; 0 for none. */
  readonly tokens: number;
  readonly part: ReadPart;
}

/** What the merge rule makes of a range. */
export interface MergedRange {
  readonly range: Range;
  /** The contributions that have values in it, by index. */
  readonly present: readonly number[];
  /** Of each of them that counts its tokens under the cap, and its share; see `Merged.shares`. */
  readonly merges: readonly { readonly index: number; readonly tokens: number; readonly share: number }[];
  /** Indices of those that the rule left out. */
  readonly excluded: readonly number[];
  /** Zero where none counts. */
  readonly delta: Float64Array<ArrayBuffer>;
}

/** Merges a range as if it were a round of its own: cap and merge rule see no other contributions, and no other values. */
export async function mergeRange(
  manifest: Pick<WholeManifest, 'merge' | 'limits'>,
  unit: number,
  range: Range,
  contributions: readonly RangeContribution[],
): Promise<MergedRange> {
  const present = contributions.map(({ index }) => index);
  const counted = contributions.filter(({ tokens }) => tokens > 0);
  if (counted.length === 0)
    return { range, present, merges: [], excluded: [], delta: new Float64Array(range.length) };
  const capped = cappedTokens(
    counted.map(({ tokens }) => tokens),
    manifest.limits.weightShare,
  );
  const parts = counted.map(({ part }, at) => ({ ...part, tokens: capped[at] ?? 0 }));
  const { delta, excluded, shares } = await mergeOf(manifest, range).merge(parts, unit);
  return {
    ...{ range, present, delta },
    merges: counted.map(({ index }, at) => ({ index, tokens: capped[at] ?? 0, share: shares[at] ?? 0 })),
    excluded: excluded.map((at) => counted[at]?.index ?? 0),
  };
}

/** The delta of all ranges, which are in the order of the vector. */
export function deltaOf(merged: readonly MergedRange[]): Float64Array<ArrayBuffer> {
  const [first] = merged;
  if (first !== undefined && merged.length === 1) return first.delta;
  const delta = new Float64Array(merged.reduce((sum, { range }) => sum + range.length, 0));
  for (const { range, delta: own } of merged) delta.set(own, range.from);
  return delta;
}

/** The contributions that the merge rule left out of every range that they have values in, by index and ascending. */
export function leftOut(merged: readonly MergedRange[]): number[] {
  const out = new Set(merged.flatMap(({ excluded }) => excluded));
  for (const { present, excluded } of merged)
    for (const index of present) if (!excluded.includes(index)) out.delete(index);
  return [...out].sort((one, other) => one - other);
}
