import { expect, test } from 'vitest';
import {
  rankCorrelation,
  ranksOf,
  separation,
  thresholdBetween,
} from '../../../../apps/contribute/envelope/attack/statistics.ts';

test('equal values share their mean rank', () => {
  expect([...ranksOf([10, 30, 20, 20])]).toEqual([1, 4, 2.5, 2.5]);
});

test('the separation is 1 for members above all others, 0 below, and a half where scores are equal', () => {
  expect(separation([3, 4, 1, 2], [true, true, false, false])).toBe(1);
  expect(separation([1, 2, 3, 4], [true, true, false, false])).toBe(0);
  expect(separation([7, 7, 7], [true, false, false])).toBe(0.5);
  expect(separation([1, 2], [true, true])).toBeNull();
});

test('ranks correlate whatever the scale, and not with a constant', () => {
  expect(rankCorrelation([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(1);
  expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1);
  expect(rankCorrelation([1, 2, 3], [5, 5, 5])).toBeNull();
});

test('the threshold lies between two groups of different sizes', () => {
  const threshold = thresholdBetween([0.1, 0, 0.2, 0.1, 0.15, 0.05, 5, 5.5]);
  expect(threshold).toBeGreaterThan(0.2);
  expect(threshold).toBeLessThan(5);
});
