import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../../../client/gpu/device.ts';
import { Random } from '../../../../client/random.ts';
import { answerError, answerTolerance } from '../../../../client/train/known-answer/answer.ts';
import answers from '../../../../client/train/known-answer/answers.json' with { type: 'json' };
import { referenceAnswer } from '../../../../client/train/known-answer/reference-answer.ts';
import { relativeError, sketchOf } from '../../../../client/train/known-answer/sketch.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

test.each([8, 24])('the stored answer for heads of width %i is that of the float64 reference', (headSize) => {
  const stored = answers.find((answer) => answer.headSize === headSize);
  expect(stored?.gradient).toHaveLength(11);
  expect(stored).toEqual(referenceAnswer(headSize));
});

test('every width of heads that kernels have has an answer', () => {
  expect(answers.map(({ headSize }) => headSize)).toEqual(Array.from({ length: 16 }, (_, i) => 8 * (i + 1)));
});

test('an adapter’s guessed kernels answer within a tenth of the tolerance', async () => {
  const guess = async () => new Map<string, string>();
  const error = await answerError(device, { headSize: 16, storage: 'f32', optimizer: 'muon' }, guess);
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(answerTolerance.f32 / 10);
});

test('a sketch shows how far a vector is from the right one', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 100, max: 3000 }),
      fc.double({ min: -6, max: 0, noNaN: true }),
      (seed, length, exponent) => {
        const random = Random.seeded(seed);
        const right = Float64Array.from({ length }, () => random.normal());
        const far = 10 ** exponent;
        const other = right.map((value) => value + far * random.normal());
        const error = relativeError(sketchOf(other), sketchOf(right));
        // The sums are nearly normal: all four are this small or this large with a probability below 1e-5.
        expect(error).toBeGreaterThan(far / 20);
        expect(error).toBeLessThan(far * 4);
      },
    ),
    { numRuns: 50, seed: 1 },
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a vector with %d has no finite error', (value) => {
  const right = Float64Array.from({ length: 8 }, (_, i) => i + 1);
  const wrong = right.slice();
  wrong[3] = value;
  expect(Number.isFinite(relativeError(sketchOf(wrong), sketchOf(right)))).toBe(false);
});
