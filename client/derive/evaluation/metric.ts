import { TapestryError } from '../../errors.ts';
import { Random } from '../../random.ts';
import { bootstrapInterval, type Interval, type Item, weightedMean, wilsonInterval } from './intervals.ts';

/** One thing that was measured on items, which another model can be measured on as well. */
export interface Metric {
  /** What it is, such as `loss`, and on what, such as a corpus. */
  readonly name: string;
  readonly on: string;
  /** `share` has items of 0 and 1. */
  readonly kind: 'mean' | 'share';
  readonly unit: string;
  readonly items: readonly Item[];
}

export interface Estimate extends Interval {
  readonly value: number;
  readonly count: number;
}

/** The mean of a metric's items with its interval: Wilson's of a share, else of a bootstrap with this seed. */
export function estimate({ kind, items }: Metric, seed: number): Estimate {
  const value = weightedMean(items);
  const isBinary = kind === 'share' && items.every((item) => item.value === 0 || item.value === 1);
  const interval = isBinary
    ? wilsonInterval(
        items.reduce((sum, item) => sum + item.value, 0),
        items.length,
      )
    : bootstrapInterval(items, weightedMean, Random.seeded(seed));
  return { value, count: items.length, ...interval };
}

/**
 * The second metric less the first, with the interval of a bootstrap that draws the same items of both: what all items share does not
 * widen it. Throws TapestryError `eval.unpaired` unless both were measured on the same items.
 */
export function difference(first: Metric, second: Metric, seed: number): Estimate {
  const pairs = first.items.map((item, index) => ({ one: item, other: second.items[index] ?? item }));
  if (second.items.length !== first.items.length || first.on !== second.on || first.name !== second.name)
    throw new TapestryError(
      'eval.unpaired',
      `The ${first.name} of ${first.on} was measured on other items for the second model.`,
      'Compare models of one context and vocabulary, on texts that fit both.',
    );
  const statistic = (sample: readonly (typeof pairs)[number][]) =>
    weightedMean(sample.map(({ other }) => other)) - weightedMean(sample.map(({ one }) => one));
  const interval = bootstrapInterval(pairs, statistic, Random.seeded(seed));
  return { value: statistic(pairs), count: pairs.length, ...interval };
}
