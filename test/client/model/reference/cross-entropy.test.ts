import { expect, test } from 'vitest';
import { ignoredTarget } from '../../../../client/data/batch.ts';
import {
  crossEntropyBackward,
  crossEntropyForward,
} from '../../../../client/model/reference/cross-entropy.ts';
import { Random } from '../../../../client/random.ts';
import { expectGradient, randomValues } from './gradient-check.ts';

test('equal logits have the log of the vocabulary as loss, and huge ones do not overflow', () => {
  const even = crossEntropyForward(new Float64Array(8), Uint32Array.of(0, 3), 4);
  expect([...even]).toEqual([Math.log(4), Math.log(4)]);
  expect([...crossEntropyForward(Float64Array.of(5000, 0), Uint32Array.of(1), 2)]).toEqual([5000]);
});

test('gradients of a weighted sum agree with finite differences, and are 0 for rows without target or weight', () => {
  const targets = Uint32Array.of(2, ignoredTarget, 0, 6, 1);
  const weights = [0.5, 3, -2, 1, 0];
  const logits = randomValues(5 * 7, Random.seeded(5));
  const gradient = crossEntropyBackward(logits, targets, weights, 7);
  expectGradient(logits, gradient, () =>
    crossEntropyForward(logits, targets, 7).reduce((sum, loss, n) => sum + loss * (weights[n] ?? 0), 0),
  );
  for (const row of [1, 4]) expect(gradient.subarray(7 * row, 7 * row + 7).every((x) => x === 0)).toBe(true);
});

test('a row without a target has neither loss nor gradient', () => {
  const targets = Uint32Array.of(ignoredTarget);
  expect([...crossEntropyForward(Float64Array.of(1, 2), targets, 2)]).toEqual([0]);
  expect([...crossEntropyBackward(Float64Array.of(1, 2), targets, [1], 2)]).toEqual([0, 0]);
});
