import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planArena } from '../../../client/gpu/arena.ts';

const lifetime = fc
  .record({ bytes: fc.integer({ min: 4, max: 1000 }), first: fc.nat(30), length: fc.nat(10) })
  .map(({ bytes, first, length }) => ({ bytes, first, last: first + length }));

test('every tensor fits its buffer, and no two tensors share one at the same time', () => {
  fc.assert(
    fc.property(fc.array(lifetime, { maxLength: 40 }), (tensors) => {
      const { buffers, places } = planArena(tensors);
      expect(places.length).toBe(tensors.length);
      tensors.forEach((tensor, i) => {
        expect(buffers[places[i] ?? -1]).toBeGreaterThanOrEqual(tensor.bytes);
        tensors.forEach((other, j) => {
          const meet = tensor.first <= other.last && other.first <= tensor.last;
          if (i !== j && meet) expect(places[i]).not.toBe(places[j]);
        });
      });
    }),
  );
});

test('a chain of tensors needs two buffers', () => {
  const chain = Array.from({ length: 20 }, (_, i) => ({ bytes: 64, first: i, last: i + 1 }));
  expect(planArena(chain).buffers).toEqual([64, 64]);
});
