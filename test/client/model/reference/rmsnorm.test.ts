import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rmsnormBackward, rmsnormForward } from '../../../../client/model/reference/rmsnorm.ts';
import { at, dot } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';
import { expectGradient, randomValues } from './gradient-check.ts';

test('a row is divided by its root mean square and multiplied by the gain', () => {
  // The root of (9 + 16 + 0 + 0) / 4 is 2.5.
  const output = rmsnormForward(Float64Array.of(3, -4, 0, 0), Float64Array.of(1, 2, 1, 1), 0);
  expect(at(output, 0)).toBeCloseTo(3 / 2.5, 15);
  expect(at(output, 1)).toBeCloseTo((2 * -4) / 2.5, 15);
  expect(at(output, 2)).toBe(0);
});

test('gradients agree with finite differences', () => {
  const shapes = fc.record({ rows: fc.integer({ min: 1, max: 4 }), width: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(shapes, fc.integer(), ({ rows, width }, seed) => {
      const random = Random.seeded(seed);
      const input = randomValues(rows * width, random);
      const gain = randomValues(width, random);
      const outputGradient = randomValues(rows * width, random);
      const epsilon = 0.01;
      const loss = () => dot(rmsnormForward(input, gain, epsilon), outputGradient);
      const gradient = rmsnormBackward(input, gain, outputGradient, epsilon);
      expectGradient(input, gradient.input, loss);
      expectGradient(gain, gradient.gain, loss);
    }),
    { numRuns: 30 },
  );
});
