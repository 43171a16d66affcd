import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { type EntropySettings, entropyCodec } from '../../../../relay/wire/codec/entropy.ts';
import { statisticalCodec } from '../../../../relay/wire/codec/statistical.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { integersOf } from '../../../support/relay/integers.ts';
import { refusalCodeOf } from '../../../support/wire/refusal-code.ts';

const usual: EntropySettings = {
  ...{ block: 4096, bytes: 1020, exponent: -22, maxShift: 14 },
  ...{ clipNorm: Number.POSITIVE_INFINITY, feedbackDecay: 1 },
};

/** Values of every magnitude on the grid, some beyond it, some equal and some zero. */
const vectors = fc
  .record({
    block: fc.integer({ min: 1, max: 90 }),
    bytes: fc.integer({ min: 16, max: 40 }),
    exponent: fc.integer({ min: -30, max: 0 }),
    maxShift: fc.integer({ min: 0, max: 16 }),
  })
  .chain((shape) =>
    fc
      .array(fc.tuple(fc.constantFrom(-1.5, -1, -0.7, -0, 0, 0.3, 1, 1.5), fc.nat(24)), { maxLength: 200 })
      .map((parts) => {
        const codec = { ...usual, ...shape };
        const range = 255 * 2 ** (codec.maxShift + codec.exponent);
        return { codec, values: Float32Array.from(parts, ([part, down]) => (part * range) / 2 ** down) };
      }),
  );

const drawn = (length: number) => {
  const random = Random.seeded(5);
  return Float32Array.from({ length }, () => random.normal() / 500);
};

function encode(values: Float32Array, of: EntropySettings) {
  const decoded = new Float32Array(values.length);
  return { payload: entropyCodec(of).encode(values, decoded), decoded };
}

test("the payload's length follows from its number of values, and it decodes to the values that encoding returned", () => {
  fc.assert(
    fc.property(vectors, ({ codec, values }) => {
      const { payload, decoded } = encode(values, codec);
      const { payloadBytes, unit, greatestInteger } = entropyCodec(codec);
      expect(payload.length).toBe(payloadBytes(values.length));
      const integers = integersOf(entropyCodec(codec), payload, values.length);
      for (const integer of integers) expect(Math.abs(integer)).toBeLessThanOrEqual(greatestInteger);
      expect([...integers].map((integer) => integer * unit)).toEqual([...decoded].map((value) => value + 0));
    }),
  );
});

test('it has at most 2 bits a value, and less squared error than four levels, far less where tails are heavy', () => {
  const values = drawn(10 * 4096 + 100);
  const { payload, decoded } = encode(values, usual);
  expect((8 * payload.length) / values.length).toBeLessThanOrEqual(2);
  const levels = new Float32Array(values.length);
  statisticalCodec(usual).encode(values, levels);
  const error = (sent: Float32Array) =>
    values.reduce((sum, value, i) => sum + (value - (sent[i] ?? 0)) ** 2, 0);
  expect(error(decoded)).toBeLessThan(0.92 * error(levels));
  const cubes = values.map((value) => 500 ** 2 * value ** 3);
  const heavy = encode(cubes, usual).decoded;
  statisticalCodec(usual).encode(cubes, levels);
  const errorOfCubes = (sent: Float32Array) =>
    cubes.reduce((sum, value, i) => sum + (value - (sent[i] ?? 0)) ** 2, 0);
  expect(errorOfCubes(heavy)).toBeLessThan(0.2 * errorOfCubes(levels));
});

test('what is left out returns: the sum of what was sent follows the sum of what was wanted, also of a single value', () => {
  for (const length of [1, 3, 63, 400]) {
    const values = drawn(length);
    const residual = new Float32Array(length);
    const sent = new Float64Array(length);
    for (let round = 0; round < 40; round++) {
      const wanted = residual.map((left, i) => left + (values[i] ?? 0));
      const { decoded } = encode(wanted, usual);
      for (let i = 0; i < length; i++) {
        sent[i] = (sent[i] ?? 0) + (decoded[i] ?? 0);
        residual[i] = (wanted[i] ?? 0) - (decoded[i] ?? 0);
      }
    }
    const greatest = Math.max(...values.map(Math.abs));
    for (let i = 0; i < length; i++)
      expect(Math.abs((sent[i] ?? 0) - 40 * (values[i] ?? 0))).toBeLessThan(3 * greatest);
  }
});

test('values of 0 need no step, and values that no step makes short enough are 0', () => {
  const zeros = encode(new Float32Array(70), usual);
  expect([...zeros.payload.subarray(0, 2), zeros.payload.length]).toEqual([0, 1, 17]);
  expect(zeros.decoded).toEqual(new Float32Array(70));
  // Each needs its own sign, beyond the grid, in 14 bytes.
  const random = Random.seeded(1);
  const great = Float32Array.from({ length: 900 }, () => 1e9 * (random.below(2) === 0 ? 1 : -1));
  const { payload, decoded } = encode(great, { ...usual, block: 900, bytes: 16 });
  expect(payload).toEqual(new Uint8Array(16));
  expect(decoded).toEqual(new Float32Array(900));
});

test('slices hold all integers', () => {
  const codec = entropyCodec({ ...usual, block: 1000, bytes: 250 });
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
  const small = { ...usual, block: 40, bytes: 16, exponent: 0, maxShift: 2 };
  const values = Float32Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? 700 * (i % 2 ? 1 : -1) : 0));
  const { payload } = encode(values, small);

  test('of every change of a bit, those that decode are what an encoder makes of other values', () => {
    const codec = entropyCodec(small);
    expect([...integersOf(codec, payload, 40)]).toEqual([...encode(values, small).decoded].map((v) => v + 0));
    let refused = 0;
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const changed = payload.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        const decoded = integersOf(codec, changed, 40);
        expect([...decoded]).not.toEqual([...integersOf(codec, payload, 40)]);
      } catch (error) {
        expect(error).toMatchObject({ code: RefusalCode.BAD_PAYLOAD });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
  });

  test.each<[string, Record<number, number>]>([
    ['a shift past the greatest', { 0: 3 }],
    ['a shift that is not the least', { 0: 1, 1: 127 }],
    ['values without a step', { 0: 0, 1: 0 }],
  ])('%s', (_, changes) => {
    const changed = payload.map((byte, i) => changes[i] ?? byte);
    expect(refusalCodeOf(() => integersOf(entropyCodec(small), changed, 40))).toBe(RefusalCode.BAD_PAYLOAD);
  });

  test('bytes after the coded values', () => {
    const changed = encode(new Float32Array(40), small).payload;
    changed[15] = 1;
    expect(refusalCodeOf(() => integersOf(entropyCodec(small), changed, 40))).toBe(RefusalCode.BAD_PAYLOAD);
  });

  test('coded values that go on after the bytes', () => {
    // Zeros that end a number count as coded, so these values would need more bytes than there are.
    const all = Uint8Array.from({ length: 16 }, (_, i) => (i === 1 ? 1 : i === 0 ? 0 : 255));
    expect(refusalCodeOf(() => integersOf(entropyCodec(small), all, 40))).toBe(RefusalCode.BAD_PAYLOAD);
  });

  test('another length', () => {
    for (const length of [15, 17])
      expect(refusalCodeOf(() => integersOf(entropyCodec(small), new Uint8Array(length), 40))).toBe(
        RefusalCode.BAD_PAYLOAD,
      );
  });

  test('settings without a grid, or with too few bytes', () => {
    const changes = [
      ...[{ block: 0 }, { exponent: -127 }, { exponent: 60 }, { clipNorm: 0 }, { feedbackDecay: 0 }],
      ...[{ bytes: 15 }, { block: 4096, bytes: 63 }],
    ];
    for (const change of changes)
      expect(refusalCodeOf(() => entropyCodec({ ...usual, ...change }))).toBe(RefusalCode.OUT_OF_LIMIT);
  });
});
