import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ropeBackward, ropeForward } from '../../../../client/model/reference/rope.ts';
import { at, dot } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';
import { expectGradient, randomValues } from './gradient-check.ts';

test('the halves of a head turn together, the first pair by the position in radians', () => {
  const shape = { sequence: 2, heads: 1, headSize: 4 };
  const output = ropeForward(Float64Array.of(1, 1, 0, 0, 1, 1, 0, 0), 100, shape);
  expect([...output.subarray(0, 4)]).toEqual([1, 1, 0, 0]);
  [Math.cos(1), Math.cos(0.1), Math.sin(1), Math.sin(0.1)].forEach((value, i) => {
    expect(at(output, 4 + i)).toBeCloseTo(value, 14);
  });
});

test('products of queries and keys depend only on their distance', () => {
  const random = Random.seeded(3);
  const shape = { sequence: 6, heads: 1, headSize: 8 };
  const repeated = (head: Float64Array) => Float64Array.from({ length: 48 }, (_, i) => at(head, i % 8));
  const queries = ropeForward(repeated(randomValues(8, random)), 10_000, shape);
  const keys = ropeForward(repeated(randomValues(8, random)), 10_000, shape);
  const product = (t: number, s: number) =>
    dot(queries.subarray(8 * t, 8 * t + 8), keys.subarray(8 * s, 8 * s + 8));
  expect(product(5, 3)).toBeCloseTo(product(2, 0), 12);
  expect(product(5, 3)).not.toBeCloseTo(product(5, 2), 3);
});

test('gradients agree with finite differences', () => {
  const extent = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(extent, extent, extent, extent, fc.integer(), (batch, sequence, heads, half, seed) => {
      const random = Random.seeded(seed);
      const shape = { sequence, heads, headSize: 2 * half };
      const input = randomValues(batch * sequence * heads * shape.headSize, random);
      const outputGradient = randomValues(input.length, random);
      const loss = () => dot(ropeForward(input, 50, shape), outputGradient);
      expectGradient(input, ropeBackward(outputGradient, 50, shape), loss);
    }),
    { numRuns: 30 },
  );
});
