import type { Fragment, Fragments, PartName } from '../../wire/fragments.ts';

/**
 * Values that follow each other in the deltas of a round, and that the merge rule merges by themselves: all of them, or, in a run that
 * grants its upper layers, those below and those from `upper.from` on.
 */
export interface Range extends Pick<Fragment, 'tensors'> {
  /** Index in a whole delta of the first value. */
  readonly from: number;
  /** Number of values. */
  readonly length: number;
  /** True if the deltas of this part have the values of the range. */
  has(part: PartName): boolean;
}

/** The ranges of the round that synchronizes `fragment`, in the order of the vector. */
export function rangesOf({ length, upper }: Fragments, { tensors }: Pick<Fragment, 'tensors'>): Range[] {
  if (upper === null) return [{ from: 0, length, tensors, has: () => true }];
  return [
    {
      from: 0,
      length: upper.from,
      tensors: (sizes) => below(sizes, upper.from),
      has: (part) => part === 'whole',
    },
    { from: upper.from, length: upper.length, tensors: upper.tensors, has: () => true },
  ];
}

/**
 * The ranges of a round whose contributions are of these parts. Below the upper layers nothing counts where fewer than `quorum` have values:
 * else one node alone would move what the run lets no less than a quorum move, and everybody could read its delta off the base.
 */
export function roundRanges(
  fragments: Fragments,
  fragment: Pick<Fragment, 'tensors'>,
  parts: readonly PartName[],
  quorum: number,
): Range[] {
  return rangesOf(fragments, fragment).map((range) => {
    // All contributions have values in the range that ends the vector, and no round closes with fewer than its quorum.
    if (range.from + range.length === fragments.length) return range;
    return parts.filter((part) => range.has(part)).length < quorum ? { ...range, has: () => false } : range;
  });
}

/** The sizes of the tensors that begin before index `end`, the last one cut there. */
function below(sizes: readonly number[], end: number): number[] {
  let start = 0;
  return sizes.flatMap((size) => {
    const own = Math.min(size, end - start);
    start += size;
    return own > 0 ? [own] : [];
  });
}

/** Index in a whole delta of the first value of a delta of this part. */
export function beginOf({ upper }: Pick<Fragments, 'upper'>, part: PartName): number {
  return part === 'upper' ? (upper?.from ?? 0) : 0;
}
