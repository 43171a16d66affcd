const sumOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);

/** The ranks of values, from 1; equal values share their mean rank. */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const at = (index: number) => values[index] ?? 0;
  const order = Array.from(values, (_, index) => index).sort((one, other) => at(one) - at(other));
  const ranks = new Float64Array(order.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && at(order[end] ?? 0) === at(order[first] ?? 0)) end++;
    for (const index of order.slice(first, end)) ranks[index] = (first + 1 + end) / 2;
    first = end;
  }
  return ranks;
}

/**
 * The chance that a member has a higher score than one that is none (the area under the ROC curve): 0.5 if the scores tell nothing.
 * Null without either.
 */
export function separation(scores: ArrayLike<number>, isMember: readonly boolean[]): number | null {
  const ranks = ranksOf(scores);
  const members = isMember.filter(Boolean).length;
  const others = ranks.length - members;
  if (members === 0 || others === 0) return null;
  const sum = sumOf(ranks.filter((_, index) => isMember[index]));
  return (sum - (members * (members + 1)) / 2) / (members * others);
}

/** Spearman's rank correlation, from -1 to 1; null where all values of one side are equal. */
export function rankCorrelation(one: ArrayLike<number>, other: ArrayLike<number>): number | null {
  const [x, y] = [ranksOf(one), ranksOf(other)];
  const mean = (x.length + 1) / 2;
  let [together, ofX, ofY] = [0, 0, 0];
  for (const [index, rank] of x.entries()) {
    const [dx, dy] = [rank - mean, (y[index] ?? 0) - mean];
    together += dx * dy;
    ofX += dx * dx;
    ofY += dy * dy;
  }
  return ofX > 0 && ofY > 0 ? together / Math.sqrt(ofX * ofY) : null;
}

/** The threshold between two groups of values whose means lie farthest apart for their sizes (Otsu 1979). */
export function thresholdBetween(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const whole = sumOf(sorted);
  let [lower, best, threshold] = [0, -1, Number.POSITIVE_INFINITY];
  for (let count = 1; count < sorted.length; count++) {
    lower += sorted[count - 1] ?? 0;
    const others = sorted.length - count;
    const between = count * others * ((whole - lower) / others - lower / count) ** 2;
    if (between <= best) continue;
    best = between;
    threshold = ((sorted[count - 1] ?? 0) + (sorted[count] ?? 0)) / 2;
  }
  return threshold;
}

/** The mean of values, and their standard deviation. */
export function spreadOf(values: ArrayLike<number>): { readonly mean: number; readonly deviation: number } {
  const mean = sumOf(values) / values.length;
  const squares = sumOf(Array.from(values, (value) => (value - mean) ** 2));
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}
