import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type StatisticalSettings, statisticalCodec } from '../../../../relay/wire/codec/statistical.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { integersOf } from '../../../support/relay/integers.ts';
import { refusalCodeOf } from '../../../support/wire/refusal-code.ts';

const usual: StatisticalSettings = {
  block: 4096,
  exponent: -22,
  maxShift: 14,
  clipNorm: 1,
  feedbackDecay: 0.9,
};

/** Values of every magnitude on the grid, some beyond it, some equal and some zero. */
const vectors = fc
  .record({
    block: fc.integer({ min: 1, max: 40 }),
    exponent: fc.integer({ min: -30, max: 0 }),
    maxShift: fc.integer({ min: 0, max: 16 }),
  })
  .chain((shape) =>
    fc
      .array(fc.tuple(fc.constantFrom(-1.5, -1, -0.7, -0, 0, 0.3, 1, 1.5), fc.nat(24)), { maxLength: 130 })
      .map((parts) => {
        const codec = { ...usual, ...shape };
        const range = 255 * 2 ** (codec.maxShift + codec.exponent);
        return { codec, values: Float32Array.from(parts, ([part, down]) => (part * range) / 2 ** down) };
      }),
  );

function encode(values: Float32Array, of: StatisticalSettings) {
  const decoded = new Float32Array(values.length);
  return { payload: statisticalCodec(of).encode(values, decoded), decoded };
}

test("the payload's length follows from its number of values, and it decodes to the values that encoding returned", () => {
  fc.assert(
    fc.property(vectors, ({ codec, values }) => {
      const { payload, decoded } = encode(values, codec);
      const { payloadBytes, unit } = statisticalCodec(codec);
      expect(payload.length).toBe(payloadBytes(values.length));
      const integers = integersOf(statisticalCodec(codec), payload, values.length);
      expect([...integers].map((integer) => integer * unit)).toEqual([...decoded].map((value) => value + 0));
    }),
  );
});

test('a block has at most two magnitudes, with the signs of its values', () => {
  fc.assert(
    fc.property(vectors, ({ codec, values }) => {
      const { decoded } = encode(values, codec);
      for (let start = 0; start < values.length; start += codec.block) {
        const part = decoded.subarray(start, start + codec.block);
        expect(new Set([...part].map(Math.abs)).size).toBeLessThanOrEqual(2);
        for (const [i, sent] of part.entries())
          if (sent !== 0) expect(Math.sign(sent)).toBe((values[start + i] ?? 0) < 0 ? -1 : 1);
      }
    }),
  );
});

test('it leaves no more error than four bins of +-6 or +-3 standard deviations, apart from rounding', () => {
  const draw = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 });
  fc.assert(
    fc.property(draw, fc.constantFrom(3, 1.5), (drawn, deviations) => {
      // Cubes have heavy tails, as deltas have.
      const values = Float32Array.from(drawn, (value) => value ** 3 / 8);
      const { decoded } = encode(values, { ...usual, block: 24, exponent: -24, maxShift: 16 });
      const error = (sent: (i: number) => number) =>
        Math.sqrt(values.reduce((sum, value, i) => sum + (value - sent(i)) ** 2, 0));
      const magnitudes = values.map(Math.abs);
      const border = deviations * Math.sqrt(magnitudes.reduce((sum, m) => sum + m * m, 0) / 24);
      const mean = (of: Float32Array) => of.reduce((sum, m) => sum + m, 0) / Math.max(1, of.length);
      const [low, high] = [
        mean(magnitudes.filter((m) => m < border)),
        mean(magnitudes.filter((m) => m >= border)),
      ];
      const bins = error(
        (i) => ((values[i] ?? 0) < 0 ? -1 : 1) * ((magnitudes[i] ?? 0) < border ? low : high),
      );
      expect(error((i) => decoded[i] ?? 0)).toBeLessThanOrEqual(bins + Math.sqrt(24) * 2 ** -11);
    }),
  );
});

test('blocks of 4,096 cost 2.006 bits a value', () => {
  expect(statisticalCodec(usual).payloadBytes(4096)).toBe(3 + 1024);
});

test('slices hold all integers', () => {
  const codec = statisticalCodec({ ...usual, block: 1000 });
  const values = Float32Array.from({ length: 150_001 }, (_, i) => Math.sin(i) / 100);
  const payload = codec.encode(values, new Float32Array(values.length));
  const all = integersOf(codec, payload, values.length);
  for (let from = 0; from < values.length; ) {
    const slice = codec.decodeSlice(payload, values.length, from);
    expect(slice.integers).toEqual(all.subarray(from, slice.to));
    from = slice.to;
  }
});

test.each([Number.NaN, Infinity, -Infinity])('%s cannot be encoded', (value) => {
  expect(refusalCodeOf(() => encode(Float32Array.of(0, value), usual))).toBe(RefusalCode.NOT_FINITE);
});

describe('refusals', () => {
  // Three values in 6 bits of codes: low, -high, high.
  const small = { ...usual, block: 4, exponent: 0, maxShift: 2 };
  const bytes = [1, 100, 200, 0b10_11_00];

  test('a well-formed payload', () => {
    expect([...integersOf(statisticalCodec(small), Uint8Array.from(bytes), 3)]).toEqual([200, -400, 400]);
  });

  test.each<[string, Record<number, number>]>([
    ['a shift past the greatest', { 0: 3 }],
    ['a shift that is not the least', { 2: 127, 1: 100 }],
    ['magnitudes in the wrong order', { 1: 201 }],
    ['bits after the last code', { 3: 0b01_10_11_00 }],
    ['a zero with a sign', { 1: 0, 3: 0b10_11_01 }],
  ])('%s', (_, changes) => {
    const changed = Uint8Array.from(bytes, (byte, i) => changes[i] ?? byte);
    expect(refusalCodeOf(() => integersOf(statisticalCodec(small), changed, 3))).toBe(
      RefusalCode.BAD_PAYLOAD,
    );
  });

  test('another length', () => {
    for (const length of [bytes.length - 1, bytes.length + 1]) {
      const changed = Uint8Array.from({ length }, (_, i) => bytes[i] ?? 0);
      expect(refusalCodeOf(() => integersOf(statisticalCodec(small), changed, 3))).toBe(
        RefusalCode.BAD_PAYLOAD,
      );
    }
  });

  test('settings without a grid', () => {
    const changes = [
      { block: 0 },
      { exponent: -127 },
      { exponent: 60 },
      { clipNorm: 0 },
      { feedbackDecay: 0 },
    ];
    for (const change of changes)
      expect(refusalCodeOf(() => statisticalCodec({ ...usual, ...change }))).toBe(RefusalCode.OUT_OF_LIMIT);
  });
});
