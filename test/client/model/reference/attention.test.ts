import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attentionBackward, attentionForward } from '../../../../client/model/reference/attention.ts';
import { at, dot } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';
import { expectGradient, randomValues } from './gradient-check.ts';

test('a query reads its own and earlier positions, weighted by softmax', () => {
  const shape = { batch: 1, sequence: 2, heads: 1, keyValueHeads: 1, headSize: 1 };
  const output = attentionForward(Float64Array.of(9, 1), Float64Array.of(0, 2), Float64Array.of(3, 5), shape);
  expect(at(output, 0)).toBe(3);
  expect(at(output, 1)).toBeCloseTo((3 + 5 * Math.exp(2)) / (1 + Math.exp(2)), 14);
});

test('neighbouring query heads share a key and value head', () => {
  const shape = { batch: 1, sequence: 1, heads: 4, keyValueHeads: 2, headSize: 1 };
  const output = attentionForward(
    Float64Array.of(1, 2, 3, 4),
    Float64Array.of(1, 1),
    Float64Array.of(7, 8),
    shape,
  );
  expect([...output]).toEqual([7, 7, 8, 8]);
});

test('a query reads no position before its document', () => {
  const shape = { batch: 2, sequence: 3, heads: 1, keyValueHeads: 1, headSize: 1 };
  const values = Float64Array.of(1, 2, 4, 8, 16, 32);
  const documents = Uint32Array.of(0, 1, 1, 0, 0, 2);
  const output = attentionForward(new Float64Array(6), new Float64Array(6), values, { ...shape, documents });
  expect([...output]).toEqual([1, 2, 3, 8, 12, 32]);
});

test('gradients agree with finite differences', () => {
  const extent = fc.integer({ min: 1, max: 3 });
  const shapes = fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    sequence: fc.integer({ min: 1, max: 4 }),
    keyValueHeads: fc.integer({ min: 1, max: 2 }),
    group: extent,
    headSize: extent,
    start: fc.nat({ max: 3 }),
  });
  fc.assert(
    fc.property(shapes, fc.integer(), ({ group, start, ...sizes }, seed) => {
      const documents = Uint32Array.from({ length: sizes.batch * sizes.sequence }, (_, row) =>
        row % sizes.sequence < start ? 0 : start,
      );
      const shape = { ...sizes, documents, heads: group * sizes.keyValueHeads };
      const random = Random.seeded(seed);
      const places = shape.batch * shape.sequence * shape.headSize;
      const queries = randomValues(places * shape.heads, random);
      const keys = randomValues(places * shape.keyValueHeads, random);
      const values = randomValues(places * shape.keyValueHeads, random);
      const outputGradient = randomValues(queries.length, random);
      const loss = () => dot(attentionForward(queries, keys, values, shape), outputGradient);
      const gradient = attentionBackward(queries, keys, values, outputGradient, shape);
      expectGradient(queries, gradient.queries, loss);
      expectGradient(keys, gradient.keys, loss);
      expectGradient(values, gradient.values, loss);
    }),
    { numRuns: 20 },
  );
});
