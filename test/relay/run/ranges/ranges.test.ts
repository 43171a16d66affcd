import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { decodeInSlices } from '../../../../relay/run/aggregate.ts';
import { partOf } from '../../../../relay/run/merge/merge.ts';
import { inRange } from '../../../../relay/run/ranges/range-part.ts';
import { rangesOf } from '../../../../relay/run/ranges/ranges.ts';
import type { Codec } from '../../../../relay/wire/codec/codec.ts';
import { denseCodec } from '../../../../relay/wire/codec/dense.ts';
import { sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { statisticalCodec } from '../../../../relay/wire/codec/statistical.ts';
import { type Fragments, stridedFragments, upperPart, wholeModel } from '../../../../relay/wire/fragments.ts';
import { integersOf } from '../../../support/relay/integers.ts';

const grid = { exponent: -12, maxShift: 6, clipNorm: 100 };
const codecs: [string, Codec][] = [
  ['dense', denseCodec({ ...grid, bits: 4, block: 24 })],
  ['sparse', sparseCodec({ ...grid, chunk: 40, top: 7, feedbackDecay: 0.9 })],
  ['statistical', statisticalCodec({ ...grid, block: 36, feedbackDecay: 0.9 })],
];

const parameters = 300;
const granting = (from: number): Fragments => ({
  ...wholeModel(parameters),
  upper: upperPart(parameters, { layers: 1, from }),
});

function drawn(codec: Codec, length: number, seed: number) {
  const random = Random.seeded(seed);
  const values = new Float32Array(length).map(() => random.normal() / 30);
  const payload = codec.encode(values, new Float32Array(length));
  const part = partOf(
    'ab'.repeat(32),
    async () => payload,
    (bytes, take, span) => decodeInSlices(bytes, length, codec, take, span),
  );
  return { part, integers: integersOf(codec, payload, length) };
}

/** What a part gives of a span, each value at its index. */
async function taken(
  { open }: Pick<ReturnType<typeof drawn>['part'], 'open'>,
  span?: { from: number; to: number },
): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  let end = span?.from ?? 0;
  const { decode } = await open();
  await decode(({ from, to, integers, indices }) => {
    expect(from).toBe(end);
    end = to;
    for (const [i, integer] of integers.entries()) {
      const index = indices?.[i] ?? from + i;
      expect(index).toBeGreaterThanOrEqual(from);
      expect(index).toBeLessThan(to);
      if (integer !== 0) found.set(index, integer);
    }
  }, span);
  return found;
}

const notZero = (integers: Int32Array, from: number, to: number, start = from) =>
  new Map(
    [...integers.subarray(from, to)].flatMap((value, i) => (value === 0 ? [] : [[from - start + i, value]])),
  );

const span = fc
  .tuple(fc.nat(parameters), fc.nat(parameters))
  .map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) }));

test.each(codecs)('%s: a pass over any span gives the values of the span alone', async (_, codec) => {
  const { part, integers } = drawn(codec, parameters, 1);
  await fc.assert(
    fc.asyncProperty(span, async ({ from, to }) => {
      expect(await taken(part, { from, to })).toEqual(notZero(integers, from, to, 0));
    }),
  );
});

test.each(codecs)('%s: both kinds of contributions have the values of their ranges', async (_, codec) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: parameters - 1 }), span, async (from, { from: a, to: b }) => {
      const fragments = granting(from);
      const [lower, upper] = rangesOf(fragments, fragments.at(1));
      if (lower === undefined || upper === undefined) throw new Error('two ranges');
      const [whole, part] = [drawn(codec, parameters, 1), drawn(codec, parameters - from, 2)];
      expect(await taken(inRange(whole.part, 'whole', lower, fragments))).toEqual(
        notZero(whole.integers, 0, from),
      );
      expect(await taken(inRange(whole.part, 'whole', upper, fragments))).toEqual(
        notZero(whole.integers, from, parameters),
      );
      expect(await taken(inRange(part.part, 'upper', upper, fragments))).toEqual(
        notZero(part.integers, 0, parameters - from),
      );
      const [first, end] = [Math.min(a, upper.length), Math.min(b, upper.length)];
      expect(await taken(inRange(whole.part, 'whole', upper, fragments), { from: first, to: end })).toEqual(
        new Map(
          [...notZero(whole.integers, from + first, from + end)].map(([i, value]) => [first + i, value]),
        ),
      );
    }),
    { numRuns: 50 },
  );
});

test('a run without a part has one range, which every contribution has', () => {
  for (const fragments of [wholeModel(50), stridedFragments(50, { count: 2, block: 8 })]) {
    const ranges = rangesOf(fragments, fragments.at(2));
    expect(ranges).toMatchObject([{ from: 0, length: fragments.length }]);
    expect(ranges[0]?.has('whole')).toBe(true);
    expect(ranges[0]?.tensors([20, 30])).toEqual(fragments.at(2).tensors([20, 30]));
  }
});

test('the ranges of a run that grants a part cut its tensors where the part begins', () => {
  const fragments = granting(90);
  const [lower, upper] = rangesOf(fragments, fragments.at(1));
  expect([lower?.has('whole'), lower?.has('upper'), upper?.has('whole'), upper?.has('upper')]).toEqual([
    ...[true, false],
    ...[true, true],
  ]);
  expect([lower, upper].map((range) => range?.tensors([30, 60, 210]))).toEqual([[30, 60], [210]]);
  expect([lower, upper].map((range) => range?.tensors([30, 150, 120]))).toEqual([
    [30, 60],
    [90, 120],
  ]);
});
