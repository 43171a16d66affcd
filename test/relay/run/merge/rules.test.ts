import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CentredClipping } from '../../../../relay/run/merge/centred-clipping.ts';
import { Dare } from '../../../../relay/run/merge/dare.ts';
import { MedianNorm } from '../../../../relay/run/merge/median-norm.ts';
import type { Merge } from '../../../../relay/run/merge/merge.ts';
import { Soup } from '../../../../relay/run/merge/soup.ts';
import { Ties } from '../../../../relay/run/merge/ties.ts';
import { TrimmedMean } from '../../../../relay/run/merge/trimmed-mean.ts';
import { WeightedMean } from '../../../../relay/run/merge/weighted-mean.ts';
import { partOf } from '../../../support/relay/merge-part.ts';

/** Of each property: the rules are cheap, and their cases many. */
const runs = { numRuns: 40 };

interface Drawn {
  readonly integers: number[];
  readonly tokens: number;
}

const drawnParts = (length: number, most = 8) =>
  fc.uniqueArray(
    fc.record({
      // Few values, so that ties are common, and values of both halves of a histogram.
      integers: fc.array(
        fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -9_000_000, max: 9_000_000 })),
        {
          minLength: length,
          maxLength: length,
        },
      ),
      tokens: fc.integer({ min: 1, max: 1000 }),
    }),
    { minLength: 1, maxLength: most, selector: ({ integers }) => integers.join() },
  );

const partsOf = (drawn: readonly Drawn[]) => drawn.map(({ integers, tokens }) => partOf(integers, tokens));

/** Compares a rule's delta with one that is computed from all deltas at once. */
async function expectDelta(rule: Merge, drawn: readonly Drawn[], expected: readonly number[]): Promise<void> {
  const { delta } = await rule.merge(partsOf(drawn), 0.25);
  for (const [i, value] of delta.entries()) {
    const wanted = (expected[i] ?? Number.NaN) * 0.25;
    expect(Math.abs(value - wanted), `value ${i}: ${value}, expected ${wanted}`).toBeLessThanOrEqual(
      1e-12 * Math.max(1, Math.abs(wanted)),
    );
  }
}

const meanOf = (held: readonly { value: number; tokens: number }[]) =>
  held.reduce((sum, { value, tokens }) => sum + value * tokens, 0) /
  held.reduce((sum, { tokens }) => sum + tokens, 0);

const columnOf = (drawn: readonly Drawn[], index: number) =>
  drawn.map(({ integers, tokens }) => ({ value: integers[index] ?? 0, tokens }));

test('the trimmed mean is the mean of the middle values, whatever the size of a block', async () => {
  const settings = fc.tuple(
    drawnParts(9),
    fc.double({ min: 0.01, max: 0.49, noNaN: true }),
    fc.integer({ min: 1, max: 80 }),
  );
  await fc.assert(
    fc.asyncProperty(settings, async ([drawn, trim, held]) => {
      const cut = Math.floor(drawn.length * trim);
      // Equal values are in the order of the payloads' hashes.
      const hashOf = ({ integers, tokens }: Drawn) => partOf(integers, tokens).payload;
      const ordered = [...drawn].sort((one, other) => (hashOf(one) < hashOf(other) ? -1 : 1));
      const expected = Array.from({ length: 9 }, (_, index) => {
        const column = columnOf(ordered, index).sort((one, other) => one.value - other.value);
        return meanOf(column.slice(cut, column.length - cut));
      });
      await expectDelta(new TrimmedMean(9, { trim }, held), drawn, expected);
    }),
    runs,
  );
});

test('a trimmed minority cannot move a parameter beyond the honest values', async () => {
  const honest = [1, 2, 3, 4, 5, 6, 7].map((value) => partOf([value, -value], 10));
  const hostile = [1, 2, 3].map((i) => partOf([1_000_000 + i, 1_000_000 + i], 1000));
  const { delta, shares } = await new TrimmedMean(2, { trim: 0.3 }).merge([...hostile, ...honest], 1);
  for (const value of delta) expect(Math.abs(value)).toBeLessThanOrEqual(7);
  expect(shares.slice(0, 3)).toEqual([0, 0, 0]);
});

test('the median norm scales the longer deltas down to the median, and divides by all tokens', async () => {
  const parts = [partOf([3, 4, 6], 100), partOf([3, 4, 7], 100), partOf([30, 40, 8], 100)];
  const { delta, excluded, shares } = await new MedianNorm({ tensors: [2, 1], normFactor: 1 }).merge(
    parts,
    1,
  );
  expect([...delta]).toEqual([900 / 300, 1200 / 300, (600 + 700 + 8 * 88) / 300]);
  expect([excluded, shares]).toEqual([[], [1, 1, (10 + 10 + 88) / 300]]);
});

test('centred clipping follows the paper’s iteration', async () => {
  await fc.assert(
    fc.asyncProperty(drawnParts(5), fc.integer({ min: 1, max: 4 }), async (drawn, iterations) => {
      const total = drawn.reduce((sum, { tokens }) => sum + tokens, 0);
      let centre = [0, 0, 0, 0, 0];
      for (let iteration = 0; iteration < iterations; iteration++) {
        const moves = drawn.map(({ integers }) => integers.map((value, i) => value - (centre[i] ?? 0)));
        const distances = moves.map((move) => Math.sqrt(move.reduce((sum, value) => sum + value * value, 0)));
        const radius =
          1.5 * ([...distances].sort((a, b) => a - b)[Math.floor((distances.length - 1) / 2)] ?? 0);
        const weights = drawn.map(({ tokens }, k) => {
          const distance = distances[k] ?? 0;
          return distance <= radius ? tokens : Math.round((tokens * radius) / distance);
        });
        centre = centre.map(
          (value, i) =>
            value + moves.reduce((sum, move, k) => sum + (move[i] ?? 0) * (weights[k] ?? 0), 0) / total,
        );
      }
      const { delta } = await new CentredClipping(5, { iterations, radiusFactor: 1.5 }).merge(
        partsOf(drawn),
        1,
      );
      for (const [i, value] of delta.entries())
        expect(Math.abs(value - (centre[i] ?? 0))).toBeLessThanOrEqual(1e-6);
    }),
    runs,
  );
});

test('centred clipping bounds what a far delta adds', async () => {
  const honest = [0, 1, 2].map((i) => partOf([100, i], 10));
  const { delta, shares } = await new CentredClipping(2, { iterations: 3, radiusFactor: 1 }).merge(
    [...honest, partOf([-1_000_000, 0], 10)],
    1,
  );
  expect(delta[0]).toBeGreaterThan(50);
  expect(shares[3]).toBeLessThan(0.1);
});

test('the soup is the mean of the deltas, whatever their tokens', async () => {
  await fc.assert(
    fc.asyncProperty(drawnParts(4), async (drawn) => {
      const alike = drawn.map(({ integers }) => ({ integers, tokens: 1 }));
      await expectDelta(new Soup(4), drawn, [...(await new WeightedMean(4).merge(partsOf(alike), 1)).delta]);
    }),
    runs,
  );
});

test('TIES trims, elects a sign and merges what has it', async () => {
  await fc.assert(
    fc.asyncProperty(drawnParts(8), fc.double({ min: 0.05, max: 1, noNaN: true }), async (drawn, density) => {
      const count = Math.ceil(density * 8);
      const trimmed = drawn.map(({ integers, tokens }) => {
        const least = Math.max(1, integers.map(Math.abs).sort((a, b) => b - a)[count - 1] ?? 0);
        return { integers: integers.map((value) => (Math.abs(value) < least ? 0 : value)), tokens };
      });
      const expected = Array.from({ length: 8 }, (_, index) => {
        const column = columnOf(trimmed, index);
        const elected = Math.sign(column.reduce((sum, { value, tokens }) => sum + value * tokens, 0));
        const held = column.filter(({ value }) => elected !== 0 && Math.sign(value) === elected);
        return held.length === 0 ? 0 : meanOf(held);
      });
      await expectDelta(new Ties(8, { density }), drawn, expected);
    }),
    runs,
  );
});

test('DARE with a density of 1 is the weighted mean; with less, it drops by chance and keeps the expectation', async () => {
  const length = 4096;
  const one = Array.from({ length }, (_, i) => 100 + (i % 7));
  const parts = [
    partOf(one, 30),
    partOf(
      one.map((value) => value + 1),
      10,
    ),
  ];
  const mean = await new WeightedMean(length).merge(parts, 1);
  expect(await new Dare(length, { density: 1 }).merge(parts, 1)).toEqual(mean);
  const { delta } = await new Dare(length, { density: 0.5 }).merge(parts, 1);
  expect(delta.filter((value) => value === 0).length / length).toBeCloseTo(0.25, 1);
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  expect(Math.abs(sum(delta) / sum(mean.delta) - 1)).toBeLessThan(0.06);
  // Another round has another mask.
  const other = await new Dare(length, { density: 0.5 }).merge(
    [
      ...parts,
      partOf(
        one.map(() => 0),
        1,
      ),
    ],
    1,
  );
  expect(other.delta.map(Math.sign)).not.toEqual(delta.map(Math.sign));
});

const rules: readonly (readonly [string, Merge])[] = [
  ['median norm', new MedianNorm({ tensors: [4, 2], normFactor: 1 })],
  ['trimmed mean', new TrimmedMean(6, { trim: 0.2 })],
  ['soup', new Soup(6)],
  ['TIES', new Ties(6, { density: 0.5 })],
  ['DARE', new Dare(6, { density: 0.5 })],
];

test.each(rules)('%s: the order of the parts changes no bit', async (_, rule) => {
  const drawn = drawnParts(6);
  await fc.assert(
    fc.asyncProperty(drawn, async (parts) => {
      const { delta } = await rule.merge(partsOf(parts), 1);
      expect(await rule.merge(partsOf([...parts].reverse()), 1)).toMatchObject({ delta });
    }),
    runs,
  );
});
