import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkPayload, decodeInSlices, normTolerance, sumsAreExact } from '../../../relay/run/aggregate.ts';
import { denseCodec } from '../../../relay/wire/codec/dense.ts';
import { RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { integersOf } from '../../support/relay/integers.ts';

const settings = { bits: 8, block: 16, exponent: -10, maxShift: 4, clipNorm: 1 };
const codec = denseCodec(settings);
const { greatestInteger, unit } = codec;

test('limits that would let a sum lose a bit are detected', () => {
  const widest = denseCodec({ ...settings, maxShift: 16 });
  expect(greatestInteger).toBe(127 * 16);
  expect(sumsAreExact(widest, 2 ** 20, 1024)).toBe(true);
  expect(sumsAreExact(widest, 2 ** 24, 1024)).toBe(false);
  // At the limit: the greatest sum is 2^53 - 1, below which float64 holds every integer.
  const edge = { greatestInteger: 1 };
  expect(sumsAreExact(edge, 2 ** 53 - 1, 1)).toBe(true);
  expect(sumsAreExact(edge, 2 ** 53, 1)).toBe(false);
});

test('an honest delta at the clip norm passes, with any distribution of values', async () => {
  const value = fc.double({ min: -1, max: 1, noNaN: true });
  const shape = fc
    .array(value, { minLength: 1, maxLength: 64 })
    .filter((values) => values.some((v) => Math.abs(v) > 1e-6));
  await fc.assert(
    fc.asyncProperty(shape, async (values) => {
      const norm = Math.hypot(...values);
      const clipped = Float32Array.from(values, (v) => (v / norm) * codec.clipNorm);
      const payload = codec.encode(clipped, new Float32Array(clipped.length));
      await checkPayload(payload, clipped.length, codec);
    }),
  );
});

test('a delta past the clip norm and its tolerance does not pass', async () => {
  const norm = Math.sqrt(64) * unit;
  const finest = norm / 2;
  const limit = (norm - finest) / (1 + normTolerance);
  const check = (clipNorm: number) => {
    const clipped = denseCodec({ ...settings, clipNorm });
    const payload = clipped.encode(new Float32Array(64).fill(unit), new Float32Array(64));
    return checkPayload(payload, 64, clipped);
  };
  await check(limit * 1.0001);
  await expect(check(limit * 0.9999)).rejects.toMatchObject({ code: RefusalCode.NORM_EXCEEDED });
});

test('the event loop turns between the slices of a large payload, whose values are those of one decoding', async () => {
  const parameters = 5 * 65_536 + 17;
  const payload = codec.encode(
    Float32Array.from({ length: parameters }, (_, i) => Math.sin(i) / 1000),
    new Float32Array(parameters),
  );
  let turns = 0;
  let isDone = false;
  const turn = () => {
    if (isDone) return;
    turns++;
    setImmediate(turn);
  };
  setImmediate(turn);
  const sliced = new Int32Array(parameters);
  await decodeInSlices(payload, parameters, codec, ({ integers, from }) => sliced.set(integers, from));
  isDone = true;
  expect(turns).toBeGreaterThanOrEqual(5);
  const whole = integersOf(codec, payload, parameters);
  expect(whole.length).toBe(parameters);
  expect(Buffer.compare(Buffer.from(sliced.buffer), Buffer.from(whole.buffer))).toBe(0);
});
