import { Random } from '../../../random.ts';
import { groupPoints, type Point } from './groups.ts';
import type { Votes } from './votes-csv.ts';

export interface ConsensusOptions {
  readonly seed: number;
  /** The most groups that voters are put into. */
  readonly mostGroups: number;
}

/** How one group voted on a principle. */
export interface GroupVote {
  readonly agrees: number;
  readonly disagrees: number;
  readonly passes: number;
  /** The estimated probability that a member agrees: (agrees + 1) / (votes + 2). */
  readonly agreement: number;
}

/** A principle and how far all groups agree with it. */
export interface RankedPrinciple {
  readonly principle: string;
  /** Group-aware consensus: the product of the groups' agreements. */
  readonly consensus: number;
  readonly groups: readonly GroupVote[];
}

export interface Consensus {
  /** The number of voters in each group, the largest first. */
  readonly sizes: readonly number[];
  /** The most agreed first; equal ones in the order of the votes. */
  readonly ranked: readonly RankedPrinciple[];
}

/**
 * Ranks principles by the agreement of all groups of voters. Voters are placed by the first two principal components of their
 * votes and grouped by k-means; a principle's consensus is the product over groups of (agrees + 1) / (votes + 2), so that a
 * large group cannot outvote a small one (Small et al. 2021, "Polis"; Huang et al. 2024, "Collective constitutional AI").
 */
export function rankByConsensus(votes: Votes, { seed, mostGroups }: ConsensusOptions): Consensus {
  const groups = groupPoints(opinionPlane(votes, seed), mostGroups, Random.seeded(seed, 1));
  const sizes: number[] = [];
  for (const group of groups) sizes[group] = (sizes[group] ?? 0) + 1;
  const ranked = votes.principles.map((principle, index): RankedPrinciple => {
    const each = sizes.map((_, group) => groupVote(votes, index, groups, group));
    return {
      principle,
      consensus: each.reduce((product, { agreement }) => product * agreement, 1),
      groups: each,
    };
  });
  return { sizes, ranked: ranked.toSorted((a, b) => b.consensus - a.consensus) };
}

function groupVote({ cast }: Votes, principle: number, groups: readonly number[], group: number): GroupVote {
  const own = cast.flatMap((votes, voter) => (groups[voter] === group ? (votes.get(principle) ?? []) : []));
  const agrees = own.filter((vote) => vote === 1).length;
  const disagrees = own.filter((vote) => vote === -1).length;
  return {
    agrees,
    disagrees,
    passes: own.length - agrees - disagrees,
    agreement: (agrees + 1) / (own.length + 2),
  };
}

/**
 * Each voter's place by the first two principal components. A missing vote counts as the mean of those on its principle, and
 * places are scaled by the root of principles over votes, so that someone who cast few votes is not drawn to the middle.
 */
function opinionPlane({ principles, cast }: Votes, seed: number): Point[] {
  const sums = principles.map(() => ({ sum: 0, count: 0 }));
  for (const votes of cast)
    for (const [principle, vote] of votes) {
      const own = sums[principle];
      if (own !== undefined) own.sum += vote;
      if (own !== undefined) own.count++;
    }
  const means = sums.map(({ sum, count }) => sum / Math.max(1, count));
  // Centred rows are sparse: a missing vote is 0.
  const rows = cast.map((votes) =>
    [...votes].map(([principle, vote]) => ({ principle, value: vote - (means[principle] ?? 0) })),
  );
  const random = Random.seeded(seed, 0);
  const first = component(rows, principles.length, [], random);
  const second = component(rows, principles.length, [first], random);
  return rows.map((row) => {
    const scale = Math.sqrt(principles.length / Math.max(1, row.length));
    const along = (axis: Float64Array) =>
      scale * row.reduce((sum, { principle, value }) => sum + value * (axis[principle] ?? 0), 0);
    return [along(first), along(second)];
  });
}

type SparseRow = readonly { readonly principle: number; readonly value: number }[];

/** Power iterations at most, and the greatest change of a value that ends them. */
const iterations = 500;
const settled = 1e-9;

/** The unit vector of most variance that is orthogonal to `others`, by power iteration; 0 where no variance is left. */
function component(
  rows: readonly SparseRow[],
  length: number,
  others: readonly Float64Array[],
  random: Random,
): Float64Array {
  let axis = normalized(
    orthogonal(
      Float64Array.from({ length }, () => random.uniform() - 0.5),
      others,
    ),
  );
  for (let iteration = 0; iteration < iterations; iteration++) {
    const next = new Float64Array(length);
    for (const row of rows) {
      const along = row.reduce((sum, { principle, value }) => sum + value * (axis[principle] ?? 0), 0);
      for (const { principle, value } of row) next[principle] = (next[principle] ?? 0) + along * value;
    }
    const unit = normalized(orthogonal(next, others));
    const change = unit.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - (axis[index] ?? 0))),
      0,
    );
    axis = unit;
    if (change < settled) break;
  }
  return axis;
}

function orthogonal(vector: Float64Array, others: readonly Float64Array[]): Float64Array {
  for (const other of others) {
    const along = vector.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
    vector = vector.map((value, index) => value - along * (other[index] ?? 0));
  }
  return vector;
}

function normalized(vector: Float64Array): Float64Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return norm < 1e-12 ? new Float64Array(vector.length) : vector.map((value) => value / norm);
}
