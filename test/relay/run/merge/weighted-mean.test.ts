import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WeightedMean } from '../../../../relay/run/merge/weighted-mean.ts';
import { partOf } from '../../../support/relay/merge-part.ts';

const greatestInteger = 127 * 16;
const unit = 2 ** -10;

const contributions = fc.array(
  fc.record({
    integers: fc
      .array(fc.integer({ min: -greatestInteger, max: greatestInteger }), { minLength: 5, maxLength: 5 })
      .map((values) => Int32Array.from(values)),
    tokens: fc.integer({ min: 1, max: 2 ** 24 }),
  }),
  { minLength: 1, maxLength: 20 },
);

async function meanOf(parts: readonly { integers: Int32Array; tokens: number }[]): Promise<number[]> {
  const { delta } = await new WeightedMean(5).merge(
    parts.map(({ integers, tokens }) => partOf([...integers], tokens)),
    unit,
  );
  return [...delta];
}

test('the order of contributions does not change a bit of the mean', async () => {
  await fc.assert(
    fc.asyncProperty(
      contributions.chain((parts) =>
        fc.tuple(fc.constant(parts), fc.shuffledSubarray(parts, { minLength: parts.length })),
      ),
      async ([parts, shuffled]) => {
        expect(await meanOf(shuffled)).toEqual(await meanOf(parts));
      },
    ),
  );
});

test('sums are exact: the mean equals that of unbounded integers', async () => {
  await fc.assert(
    fc.asyncProperty(contributions, async (parts) => {
      const tokens = parts.reduce((sum, part) => sum + BigInt(part.tokens), 0n);
      const expected = [0, 1, 2, 3, 4].map((i) => {
        const sum = parts.reduce(
          (total, part) => total + BigInt(part.integers[i] ?? 0) * BigInt(part.tokens),
          0n,
        );
        return (Number(sum) * unit) / Number(tokens);
      });
      // toEqual distinguishes -0 from 0, and a sum of BigInts is never -0.
      expect((await meanOf(parts)).map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
    }),
  );
});

test('a single delta is its own mean', async () => {
  const { delta, excluded } = await new WeightedMean(3).merge([partOf([0, 4, 0], 2)], 1);
  expect([[...delta], excluded]).toEqual([[0, 4, 0], []]);
});
