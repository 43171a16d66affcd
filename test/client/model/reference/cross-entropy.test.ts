import { expect, test } from 'vitest';
import { ignoredTarget } from '../../../../client/data/batch.ts';
import {
  crossEntropyBackward,
  crossEntropyForward,
} from '../../../../client/model/reference/cross-entropy.ts';
import { Random } from '../../../../client/random.ts';
import { expectGradient, randomValues } from './gradient-check.ts';

test('even logits cost the log of the vocabulary, and huge ones do not overflow', () => {
  expect(crossEntropyForward(new Float64Array(8), Uint32Array.of(0, 3), 4)).toEqual({
    loss: Math.log(4),
    tokens: 2,
  });
  expect(crossEntropyForward(Float64Array.of(5000, 0), Uint32Array.of(1), 2)).toEqual({
    loss: 5000,
    tokens: 1,
  });
});

test('gradients agree with finite differences, ignored targets carrying none', () => {
  const targets = Uint32Array.of(2, ignoredTarget, 0, 6);
  const logits = randomValues(4 * 7, Random.seeded(5));
  const gradient = crossEntropyBackward(logits, targets, 7);
  expectGradient(logits, gradient, () => crossEntropyForward(logits, targets, 7).loss);
  expect([...gradient.subarray(7, 14)]).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test('without a target that counts there is neither loss nor gradient', () => {
  const targets = Uint32Array.of(ignoredTarget);
  expect(crossEntropyForward(Float64Array.of(1, 2), targets, 2)).toEqual({ loss: 0, tokens: 0 });
  expect([...crossEntropyBackward(Float64Array.of(1, 2), targets, 2)]).toEqual([0, 0]);
});
