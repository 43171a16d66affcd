import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { CentredClipping } from '../../../../relay/run/merge/centred-clipping.ts';
import { Dare } from '../../../../relay/run/merge/dare.ts';
import { MedianNorm } from '../../../../relay/run/merge/median-norm.ts';
import type { Part } from '../../../../relay/run/merge/merge.ts';
import { RobustMean } from '../../../../relay/run/merge/robust-mean.ts';
import { blockWidth, signsOf } from '../../../../relay/run/merge/sketch.ts';
import { Soup } from '../../../../relay/run/merge/soup.ts';
import { Ties } from '../../../../relay/run/merge/ties.ts';
import { WeightedMean } from '../../../../relay/run/merge/weighted-mean.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import { sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { integersOf } from '../../../support/relay/integers.ts';
import { openedPart, partOf } from '../../../support/relay/merge-part.ts';

const merge = (parts: readonly Part[], tensors: readonly number[], normFactor = 1) =>
  new RobustMean(
    tensors.reduce((sum, size) => sum + size, 0),
    { tensors, normFactor },
  ).merge(parts, 1);

test('equal deltas have the weighted mean', async () => {
  const parts = [partOf([3, -4, 5], 10), partOf([3, -4, 5], 30)];
  expect(await merge(parts, [2, 1])).toEqual(await new WeightedMean(3).merge(parts, 1));
});

test('a tensor of a delta that is longer than the median is scaled to it, and only that tensor', async () => {
  // In the first tensor the norms are 5, 5 and 50, in the second 6, 7 and 8.
  const parts = [partOf([3, 4, 6], 100), partOf([3, 4, 7], 100), partOf([30, 40, 8], 100)];
  const { delta, excluded, shares } = await merge(parts, [2, 1]);
  expect(excluded).toEqual([]);
  // Weights: 100, 100 and 100 x 5 / 50; then 100, 100 and round(100 x 7 / 8). The mean is over them.
  expect([...delta]).toEqual([900 / 210, 1200 / 210, (600 + 700 + 8 * 88) / 288]);
  expect(shares).toEqual([1, 1, (10 + 10 + 88) / 300]);
});

test('a norm factor leaves deltas alone up to that multiple of the median', async () => {
  const parts = [partOf([4], 100), partOf([4], 100), partOf([6], 100), partOf([8], 100)];
  const { delta } = await merge(parts, [1], 1.5);
  expect([...delta]).toEqual([(400 + 400 + 600 + 8 * 75) / 375]);
});

test('of two deltas the longer one is scaled to the shorter one, and none is left out', async () => {
  const { delta, excluded } = await merge([partOf([2, 0], 80), partOf([-20, 0], 80)], [2]);
  expect([[...delta], excluded]).toEqual([[(160 - 160) / 88, 0], []]);
});

test('a long delta with most of the tokens moves the mean by at most twice its bound', async () => {
  const parts = [partOf([4], 1), partOf([4], 1), partOf([4000], 1000)];
  // Weights: 1, 1 and 1; but the mean is over at least half of the tokens.
  expect([...(await merge(parts, [1])).delta]).toEqual([4008 / 501]);
});

test('a delta that points against the others is left out, with its tokens', async () => {
  const parts = [partOf([10, 1], 5), partOf([10, -1], 5), partOf([-9, 0], 15)];
  const { delta, excluded, shares } = await merge(parts, [2]);
  expect([excluded, shares]).toEqual([[2], [1, 1, 0]]);
  expect([...delta]).toEqual([10, 0]);
});

test.each([
  ['share much', 3],
  ['share little', 2],
])('colluding deltas that bend the sum are left out, where honest ones %s', async (_, common) => {
  // Seven honest deltas share a direction, and each has one of its own. With three opposed deltas in it, honest ones
  // point against the sum as well.
  const own = [0, 1, 2, 3, 4, 5, 6];
  const honest = own.map((mine) => partOf([common, ...own.map((i) => (i === mine ? 7 : 0))], 10));
  const hostile = [1, 2, 3].map((i) => partOf([-4, ...own.map(() => -2 - i)], 10));
  const { excluded } = await merge([...hostile, ...honest], [8]);
  expect(excluded).toEqual([0, 1, 2]);
});

test('a delta that has nothing in common with the others is not left out', async () => {
  const [alike, other] = [partOf([5, 5, 0], 10), partOf([0, 0, 7], 10)];
  expect((await merge([alike, alike, alike, other], [3])).excluded).toEqual([]);
});

test('a delta made for signs that were known before its own payload is left out', async () => {
  const length = 16_384;
  const random = Random.seeded(3);
  const common = Array.from({ length }, () => random.normal() * 40);
  const honest = [0, 1, 2].map(() =>
    partOf(
      common.map((value) => Math.round(value + random.normal() * 20)),
      10,
    ),
  );
  // The sketch of minus the delta, its part in the rows of the signs turned, is that of the delta itself.
  const width = blockWidth(length, 4);
  expect(width).toBeGreaterThan(1);
  const signs = await signsOf(
    honest.map(({ payload }) => payload),
    length,
  );
  const sign = (i: number) => (((signs[i >> 3] ?? 0) >> (i & 7)) & 1 ? -1 : 1);
  const forged = common.map((value) => -value);
  for (let start = 0; start < length; start += width) {
    const end = Math.min(start + width, length);
    let sum = 0;
    for (let i = start; i < end; i++) sum += sign(i) * (common[i] ?? 0);
    for (let i = start; i < end; i++) forged[i] = Math.round((forged[i] ?? 0) + (2 * sum * sign(i)) / width);
  }
  expect((await merge([...honest, partOf(forged, 10)], [length])).excluded).toEqual([3]);
});

test('more than half of the deltas always remain, no tensor is long, and order changes no bit', async () => {
  const integers = fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 6, maxLength: 6 });
  const arbitrary = fc.uniqueArray(fc.record({ integers, tokens: fc.integer({ min: 1, max: 2 ** 24 }) }), {
    minLength: 1,
    maxLength: 9,
    selector: (part) => part.integers.join(),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async (drawn) => {
      const parts = drawn.map(({ integers, tokens }) => partOf(integers, tokens));
      const { delta, excluded } = await merge(parts, [2, 3, 1]);
      expect(parts.length - excluded.length).toBeGreaterThan(parts.length / 2);
      const remaining = drawn.filter((_, i) => !excluded.includes(i));
      for (const [start, end] of [
        [0, 2],
        [2, 5],
        [5, 6],
      ] as const) {
        const norms = drawn.map((part) => Math.hypot(...part.integers.slice(start, end)));
        const median = norms.sort((one, other) => one - other)[Math.floor((norms.length - 1) / 2)] ?? 0;
        const tokens = remaining.reduce((sum, part) => sum + part.tokens, 0);
        // Rounding a weight to an integer moves a delta by at most half of its length a token.
        const rounding = remaining.reduce((sum, part) => sum + Math.hypot(...part.integers) / 2, 0) / tokens;
        expect(Math.hypot(...delta.slice(start, end))).toBeLessThanOrEqual(2 * (median + rounding) + 1e-9);
      }
      const reversed = await merge([...parts].reverse(), [2, 3, 1]);
      if (reversed.excluded.length === 0) expect(reversed.delta).toEqual(delta);
    }),
  );
});

test('sparse deltas: one that is long is scaled, one that points against the others is left out, no tensor counts for nothing', async () => {
  const settings = { chunk: 64, top: 8, exponent: -22, maxShift: 14, clipNorm: 100, feedbackDecay: 0.95 };
  const codec = sparseCodec(settings);
  const length = 64 * 200;
  const tensors = [64, 64 * 99, 64 * 100];
  const random = Random.seeded(8);
  const shared = new Float32Array(length).map(() => random.normal() / 100);
  const parts = Array.from({ length: 7 }, (_, i): Part => {
    const factor = i === 5 ? 20 : i === 6 ? -1 : 1;
    const own = shared.map((value) => factor * (value + random.normal() / 100));
    const payload = codec.encode(own, new Float32Array(length));
    const decode: Part['decode'] = async (take) => take(codec.decodeSlice(payload, length, 0));
    return openedPart({ tokens: 100, payload: hashOfBytes(payload), decode });
  });
  const { delta, excluded, shares } = await new RobustMean(length, { tensors, normFactor: 1.25 }).merge(
    parts,
    codec.unit,
  );
  expect(excluded).toEqual([6]);
  expect(shares.slice(0, 5).every((share) => share > 0.9)).toBe(true);
  expect(shares[5]).toBeLessThan(0.1);
  const dot = delta.reduce((sum, value, i) => sum + value * (shared[i] ?? 0), 0);
  const norm = (of: Float32Array | Float64Array) => Math.hypot(...of);
  expect(dot / (norm(delta) * norm(shared))).toBeGreaterThan(0.5);
  // Each tensor, the one of a single chunk too, moves.
  expect(norm(delta.slice(0, 64))).toBeGreaterThan(0);
});

test('sums of sparse deltas are those of the same deltas with their zeros, in each merge rule that has them', async () => {
  const codec = sparseCodec({
    ...{ chunk: 16, top: 3, exponent: -12, maxShift: 4, clipNorm: 100, feedbackDecay: 0.95 },
  });
  const random = Random.seeded(3);
  const parts = Array.from({ length: 5 }, () => {
    const payload = codec.encode(
      new Float32Array(70).map(() => random.normal()),
      new Float32Array(70),
    );
    const sparse = openedPart({
      tokens: 1 + random.below(100),
      payload: hashOfBytes(payload),
      decode: async (take) => take(codec.decodeSlice(payload, 70, 0)),
    });
    const integers = integersOf(codec, payload, 70);
    const whole = openedPart({
      ...sparse,
      decode: async (take) => take({ from: 0, to: 70, integers, indices: null }),
    });
    return { sparse, whole };
  });
  const tensors = { tensors: [16, 48, 6], normFactor: 1 };
  const rules = [
    ...[new WeightedMean(70), new RobustMean(70, tensors), new MedianNorm(tensors), new Soup(70)],
    ...[new Ties(70, { density: 0.1 }), new Dare(70, { density: 0.5 })],
    new CentredClipping(70, { iterations: 2, radiusFactor: 1 }),
  ];
  for (const rule of rules) {
    const merged = await rule.merge(
      parts.map(({ sparse }) => sparse),
      codec.unit,
    );
    expect(merged).toEqual(
      await rule.merge(
        parts.map(({ whole }) => whole),
        codec.unit,
      ),
    );
    expect(merged.delta.some((value) => value !== 0)).toBe(true);
  }
});
