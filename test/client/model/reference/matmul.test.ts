import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matmulBackward, matmulForward } from '../../../../client/model/reference/matmul.ts';
import { dot } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';
import { expectGradient, randomValues } from './gradient-check.ts';

test('each output is the product of an input row and a weight row', () => {
  const input = Float64Array.of(1, 2, 3, 4);
  const weight = Float64Array.of(1, 0, 0, 1, 1, 1);
  expect([...matmulForward(input, weight, 2)]).toEqual([1, 2, 3, 3, 4, 7]);
});

test('gradients agree with finite differences', () => {
  const extent = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(extent, extent, extent, fc.integer(), (rows, inner, outer, seed) => {
      const random = Random.seeded(seed);
      const input = randomValues(rows * inner, random);
      const weight = randomValues(outer * inner, random);
      const outputGradient = randomValues(rows * outer, random);
      const loss = () => dot(matmulForward(input, weight, rows), outputGradient);
      const gradient = matmulBackward(input, weight, outputGradient, rows);
      expectGradient(input, gradient.input, loss);
      expectGradient(weight, gradient.weight, loss);
    }),
    { numRuns: 30 },
  );
});
