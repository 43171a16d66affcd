import type { Random } from '../../../random.ts';

/** A voter's place in the plane of opinions. */
export type Point = readonly [number, number];

/** Attempts of k-means, each from other centres, and rounds of each. */
const attempts = 4;
const rounds = 100;

/** Groups need to be this well apart, by their silhouette, before they count as several. */
const leastSilhouette = 0.25;

interface Clustering {
  /** The group of each point. */
  readonly groups: readonly number[];
  readonly centres: readonly Point[];
  /** The sum of squared distances to the centres. */
  readonly spread: number;
}

/**
 * Groups points by k-means: into as many groups, of at most `most`, as have the highest silhouette; into one where none are apart.
 * The largest group is the first. Silhouettes are those to centres (Hruschka et al. 2004), whose time is linear in the points.
 */
export function groupPoints(points: readonly Point[], most: number, random: Random): number[] {
  let best: { readonly groups: readonly number[]; readonly silhouette: number } | null = null;
  const distinct = new Set(points.map((point) => point.join(' '))).size;
  for (let count = 2; count <= Math.min(most, distinct); count++) {
    const clustering = bestOf(points, count, random);
    const silhouette = silhouetteOf(points, clustering);
    if (silhouette > (best?.silhouette ?? leastSilhouette)) best = { groups: clustering.groups, silhouette };
  }
  return largestFirst(best?.groups ?? points.map(() => 0));
}

function bestOf(points: readonly Point[], count: number, random: Random): Clustering {
  let best = cluster(points, count, random);
  for (let attempt = 1; attempt < attempts; attempt++) {
    const other = cluster(points, count, random);
    if (other.spread < best.spread) best = other;
  }
  return best;
}

/** Lloyd's algorithm from centres drawn as k-means++ does (Arthur and Vassilvitskii 2007). */
function cluster(points: readonly Point[], count: number, random: Random): Clustering {
  let centres = firstCentres(points, count, random);
  let groups: readonly number[] = [];
  for (let round = 0; round < rounds; round++) {
    const next = points.map((point) => nearest(point, centres));
    const settled = next.every((group, index) => group === groups[index]);
    groups = next;
    if (settled) break;
    centres = centresOf(points, groups, centres);
  }
  const spread = points.reduce((sum, point) => sum + distanceTo(point, centres), 0);
  return { groups, centres, spread };
}

function firstCentres(points: readonly Point[], count: number, random: Random): Point[] {
  const centres: Point[] = [points[random.below(points.length)] ?? [0, 0]];
  while (centres.length < count) {
    const weights = points.map((point) => distanceTo(point, centres));
    let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    const drawn = weights.findIndex((weight) => {
      left -= weight;
      return weight > 0 && left <= 0;
    });
    centres.push(points[drawn < 0 ? weights.findIndex((weight) => weight > 0) : drawn] ?? [0, 0]);
  }
  return centres;
}

/** The index of the centre with the least squared distance, the earlier one of two equal ones. */
function nearest(point: Point, centres: readonly Point[]): number {
  let [found, least] = [0, Number.POSITIVE_INFINITY];
  for (let index = 0; index < centres.length; index++) {
    const distance = squared(point, centres[index] ?? point);
    if (distance < least) {
      least = distance;
      found = index;
    }
  }
  return found;
}

/** The squared distance to the nearest centre. */
const distanceTo = (point: Point, centres: readonly Point[]) =>
  squared(point, centres[nearest(point, centres)] ?? point);

/** The mean of each group's points; a group without points keeps its centre. */
function centresOf(points: readonly Point[], groups: readonly number[], centres: readonly Point[]): Point[] {
  const sums = centres.map(() => ({ x: 0, y: 0, count: 0 }));
  for (const [index, [x, y]] of points.entries()) {
    const sum = sums[groups[index] ?? 0];
    if (sum === undefined) continue;
    sum.x += x;
    sum.y += y;
    sum.count++;
  }
  return sums.map(({ x, y, count }, group) =>
    count === 0 ? (centres[group] ?? [0, 0]) : [x / count, y / count],
  );
}

function silhouetteOf(points: readonly Point[], { groups, centres }: Clustering): number {
  const each = points.map((point, index) => {
    const own = Math.sqrt(squared(point, centres[groups[index] ?? 0] ?? point));
    const others = centres.filter((_, group) => group !== groups[index]);
    const other = Math.sqrt(Math.min(...others.map((centre) => squared(point, centre))));
    const larger = Math.max(own, other);
    return larger === 0 ? 0 : (other - own) / larger;
  });
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}

const squared = ([a, b]: Point, [c, d]: Point) => (a - c) ** 2 + (b - d) ** 2;

/** The groups renumbered by their size, and by their first member where sizes are equal. */
function largestFirst(groups: readonly number[]): number[] {
  const members = Map.groupBy(groups.keys(), (index) => groups[index] ?? 0);
  const order = [...members].sort(([, a], [, b]) => b.length - a.length || (a[0] ?? 0) - (b[0] ?? 0));
  const numbers = new Map(order.map(([group], number) => [group, number]));
  return groups.map((group) => numbers.get(group) ?? 0);
}
