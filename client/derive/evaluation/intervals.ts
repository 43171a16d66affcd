import type { Random } from '../../random.ts';

/** Bounds that hold the true value in 95 of 100 repetitions of the whole measurement. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A value and how many targets, or questions, it stands for. */
export interface Item {
  readonly value: number;
  readonly weight: number;
}

/** The quantile of the normal distribution for 95%. */
const z = 1.959963984540054;

/** Resamples of a bootstrap. */
export const resamples = 1000;

/** The interval of a share of `count` (Wilson 1927, "Probable inference, the law of succession, and statistical inference"). */
export function wilsonInterval(successes: number, count: number): Interval {
  if (count === 0) return { low: 0, high: 1 };
  const share = successes / count;
  const divisor = 1 + z ** 2 / count;
  const middle = (share + z ** 2 / (2 * count)) / divisor;
  const half = (z / divisor) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  // Rounding must not leave the share outside its interval.
  return {
    low: Math.min(share, Math.max(0, middle - half)),
    high: Math.max(share, Math.min(1, middle + half)),
  };
}

/** The mean of items by their weights; NaN if there is none. */
export function weightedMean(items: readonly Item[]): number {
  return (
    items.reduce((sum, { value, weight }) => sum + weight * value, 0) /
    items.reduce((sum, { weight }) => sum + weight, 0)
  );
}

/**
 * The interval of a statistic of items by the percentiles of its values on resampled items (Efron 1979, "Bootstrap methods: another
 * look at the jackknife"). The same items and random state give the same interval. NaN if there is no item.
 */
export function bootstrapInterval<Value>(
  items: readonly Value[],
  statistic: (sample: readonly Value[]) => number,
  random: Random,
): Interval {
  if (items.length === 0) return { low: Number.NaN, high: Number.NaN };
  const values = Float64Array.from({ length: resamples }, () =>
    statistic(items.map((item) => items[random.below(items.length)] ?? item)),
  ).sort();
  const at = (share: number) => values[Math.round(share * (resamples - 1))] ?? Number.NaN;
  return { low: at(0.025), high: at(0.975) };
}
