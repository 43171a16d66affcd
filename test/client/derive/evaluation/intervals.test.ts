import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bootstrapInterval,
  weightedMean,
  wilsonInterval,
} from '../../../../client/derive/evaluation/intervals.ts';
import { difference, estimate, type Metric } from '../../../../client/derive/evaluation/metric.ts';
import { Random } from '../../../../client/random.ts';
import { seed } from '../../../support/seed.ts';

test('Wilson’s interval is that of published tables, lies within 0 and 1, and holds the share', () => {
  // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 81/263, 15/148, 0/20, 1/29.
  for (const [successes, count, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    const interval = wilsonInterval(successes, count);
    expect([interval.low, interval.high].map((bound) => Number(bound.toFixed(4)))).toEqual([low, high]);
  }
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, share) => {
        const successes = Math.round(share * count);
        const { low, high } = wilsonInterval(successes, count);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(successes / count);
        expect(high).toBeGreaterThanOrEqual(successes / count);
      },
    ),
    { seed },
  );
});

const items = (values: readonly number[], weight = 1) => values.map((value) => ({ value, weight }));
const metric = (values: readonly number[], kind: Metric['kind'] = 'mean', name = 'loss'): Metric => ({
  ...{ name, on: 'text', kind, unit: '', items: items(values) },
});
const drawn = (count: number, shift: number, stream: number) => {
  const random = Random.seeded(seed, stream);
  return Array.from({ length: count }, () => shift + random.normal());
};

test('a bootstrap repeats with its seed, and covers the mean about as often as it says', () => {
  const one = drawn(50, 0, 1);
  const interval = () => bootstrapInterval(items(one), weightedMean, Random.seeded(5));
  expect(interval()).toEqual(interval());
  let covered = 0;
  for (let repetition = 0; repetition < 200; repetition++) {
    const { low, high } = estimate(metric(drawn(50, 3, repetition)), repetition);
    if (low <= 3 && high >= 3) covered++;
  }
  // 95% of 200 is 190; the bounds are five deviations away.
  expect(covered).toBeGreaterThan(174);
  expect(covered).toBeLessThan(200);
});

test('weights count as repeated items', () => {
  expect(
    weightedMean([
      { value: 1, weight: 3 },
      { value: 5, weight: 1 },
    ]),
  ).toBe(2);
  expect(estimate(metric([]), 1).value).toBeNaN();
});

test('pairing finds a small difference that the items’ own spread would hide', () => {
  const before = drawn(100, 0, 1).map((value) => 10 * value);
  const after = before.map((value, index) => value - 0.5 + 0.1 * (drawn(100, 0, 2)[index] ?? 0));
  const { value, low, high } = difference(metric(before), metric(after), 1);
  expect(value).toBeCloseTo(-0.5, 1);
  expect(high).toBeLessThan(0);
  expect(high - low).toBeLessThan(0.1);
  const alone = estimate(metric(before), 1);
  expect(alone.high - alone.low).toBeGreaterThan(1);
  expect(difference(metric(before), metric(before), 1)).toMatchObject({ value: 0, low: 0, high: 0 });
});

test('a share of zeros and ones gets Wilson’s interval, one with ties a bootstrap’s', () => {
  expect(estimate(metric([1, 0, 0, 0], 'share'), 1)).toMatchObject({ value: 0.25, ...wilsonInterval(1, 4) });
  const tied = estimate(metric([1, 0.5, 0, 0.5], 'share'), 1);
  expect(tied.value).toBe(0.5);
  expect(tied.low).toBeLessThan(tied.high);
});

test('metrics of other items are not compared', () => {
  expect(() => difference(metric([1, 2]), metric([1]), 1)).toThrow(
    expect.objectContaining({ code: 'eval.unpaired' }),
  );
  expect(() => difference(metric([1]), metric([1], 'mean', 'other'), 1)).toThrow();
});
