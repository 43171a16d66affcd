import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Lifetime, planArena } from '../../../client/gpu/arena.ts';
import type { BindingKind } from '../../../shaders/reflect.ts';

const kind = fc.constantFrom<BindingKind>('read', 'write');
const lifetime: fc.Arbitrary<Lifetime> = fc
  .record({
    bytes: fc.integer({ min: 4, max: 3000 }),
    uses: fc.array(fc.tuple(fc.nat(30), kind), { minLength: 1, maxLength: 5 }),
  })
  .map(({ bytes, uses }) => livingFrom(bytes, uses));

function livingFrom(bytes: number, uses: readonly (readonly [number, BindingKind])[]): Lifetime {
  const dispatches = uses.map(([dispatch]) => dispatch);
  return { bytes, first: Math.min(...dispatches), last: Math.max(...dispatches), uses: new Map(uses) };
}

test('tensors alive at once do not overlap, and those that one dispatch uses in different ways have different buffers', () => {
  fc.assert(
    fc.property(fc.array(lifetime, { maxLength: 40 }), (tensors) => {
      const { buffers, places } = planArena(tensors);
      expect(places.length).toBe(tensors.length);
      tensors.forEach((tensor, i) => {
        const { buffer, offset } = places[i] ?? { buffer: -1, offset: Number.NaN };
        expect(offset % 256).toBe(0);
        expect(offset + tensor.bytes).toBeLessThanOrEqual(buffers[buffer] ?? Number.NaN);
        tensors.forEach((other, j) => {
          const place = places[j];
          if (i === j || place?.buffer !== buffer) return;
          if (tensor.first > other.last || other.first > tensor.last) return;
          expect(offset >= place.offset + other.bytes || place.offset >= offset + tensor.bytes).toBe(true);
          for (const [dispatch, use] of tensor.uses)
            expect([use, undefined]).toContain(other.uses.get(dispatch));
        });
      });
    }),
  );
});

test('a chain of tensors needs two buffers', () => {
  const chain = Array.from({ length: 20 }, (_, i) =>
    livingFrom(64, [
      [i, 'write'],
      [i + 1, 'read'],
    ]),
  );
  expect(planArena(chain).buffers).toEqual([64, 64]);
});

test('small tensors share the memory of a large one that is no longer needed', () => {
  const large = livingFrom(1024, [
    [0, 'write'],
    [1, 'read'],
  ]);
  const small = Array.from({ length: 4 }, (_, i) =>
    livingFrom(256, [
      [2 + i, 'write'],
      [9, 'read'],
    ]),
  );
  expect(planArena([...small, large]).buffers).toEqual([1024]);
});
