import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exceedsNorm, greatestSum, normTolerance, sumsAreExact, WeightedSum } from '../../relay/aggregate.ts';
import { encodeDense, gridUnit } from '../../relay/wire/dense.ts';

const codec = { bits: 8, block: 16, exponent: -10, maxShift: 4, clipNorm: 1 };
const greatestInteger = 127 * 2 ** codec.maxShift;

const contributions = fc.array(
  fc.record({
    integers: fc
      .array(fc.integer({ min: -greatestInteger, max: greatestInteger }), { minLength: 5, maxLength: 5 })
      .map((values) => Int32Array.from(values)),
    tokens: fc.integer({ min: 1, max: 2 ** 24 }),
  }),
  { minLength: 1, maxLength: 20 },
);

function meanOf(parts: readonly { integers: Int32Array; tokens: number }[]): number[] {
  const sum = new WeightedSum(5);
  for (const { integers, tokens } of parts) sum.add(integers, tokens);
  return [...sum.mean(codec)];
}

test('the order of contributions changes no bit of the mean', () => {
  fc.assert(
    fc.property(
      contributions.chain((parts) =>
        fc.tuple(fc.constant(parts), fc.shuffledSubarray(parts, { minLength: parts.length })),
      ),
      ([parts, shuffled]) => {
        expect(meanOf(shuffled)).toEqual(meanOf(parts));
      },
    ),
  );
});

test('sums are exact: the mean is that of whole numbers without a limit', () => {
  fc.assert(
    fc.property(contributions, (parts) => {
      const tokens = parts.reduce((sum, part) => sum + BigInt(part.tokens), 0n);
      const expected = [0, 1, 2, 3, 4].map((i) => {
        const sum = parts.reduce(
          (total, part) => total + BigInt(part.integers[i] ?? 0) * BigInt(part.tokens),
          0n,
        );
        return (Number(sum) * gridUnit(codec)) / Number(tokens);
      });
      // toEqual tells -0 from 0, and a sum of whole numbers is never -0.
      expect(meanOf(parts).map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
    }),
  );
});

test('a reset sum begins anew', () => {
  const sum = new WeightedSum(2);
  sum.add(Int32Array.of(5, -5), 3);
  sum.reset();
  expect(sum.tokens).toBe(0);
  sum.add(Int32Array.of(1, 2), 10);
  expect([...sum.mean(codec)]).toEqual([1 / 1024, 2 / 1024]);
});

test('limits whose sums could lose a bit are told from those whose cannot', () => {
  const widest = { ...codec, maxShift: 16 };
  expect(greatestSum(codec, 1000, 3)).toBe(127 * 16 * 3000);
  expect(sumsAreExact(widest, 2 ** 20, 1024)).toBe(true);
  expect(sumsAreExact(widest, 2 ** 24, 1024)).toBe(false);
  // The very edge: the greatest sum is the last integer that all below are exact to.
  const edge = { ...codec, bits: 2, maxShift: 0 };
  expect(sumsAreExact(edge, 2 ** 53 - 1, 1)).toBe(true);
  expect(sumsAreExact(edge, 2 ** 53, 1)).toBe(false);
});

test('an honest delta at the clip norm passes, whatever its shape', () => {
  const value = fc.double({ min: -1, max: 1, noNaN: true });
  const shape = fc
    .array(value, { minLength: 1, maxLength: 64 })
    .filter((values) => values.some((v) => Math.abs(v) > 1e-6));
  fc.assert(
    fc.property(shape, (values) => {
      const norm = Math.hypot(...values);
      const clipped = Float32Array.from(values, (v) => (v / norm) * codec.clipNorm);
      const { decoded } = encodeDense(clipped, codec);
      const integers = Int32Array.from(decoded, (v) => v / gridUnit(codec));
      expect(exceedsNorm(integers, codec)).toBe(false);
    }),
  );
});

test('a delta past the clip norm and its tolerance does not pass', () => {
  const integers = new Int32Array(64).fill(1);
  const norm = Math.sqrt(64) * gridUnit(codec);
  const finest = norm / 2;
  const limit = (norm - finest) / (1 + normTolerance);
  expect(exceedsNorm(integers, { ...codec, clipNorm: limit * 1.0001 })).toBe(false);
  expect(exceedsNorm(integers, { ...codec, clipNorm: limit * 0.9999 })).toBe(true);
});
