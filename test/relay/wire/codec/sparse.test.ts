import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { type SparseSettings, sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { integersOf } from '../../../support/relay/integers.ts';
import { refusalCodeOf } from '../../../support/wire/refusal-code.ts';

const usual: SparseSettings = {
  ...{ chunk: 4096, top: 64, exponent: -22, maxShift: 14 },
  ...{ clipNorm: 1, feedbackDecay: 0.95 },
};

const settings: fc.Arbitrary<SparseSettings> = fc
  .tuple(
    fc.integer({ min: 1, max: 40 }),
    fc.nat(39),
    fc.integer({ min: -30, max: 0 }),
    fc.integer({ min: 0, max: 16 }),
  )
  .map(([chunk, drawn, exponent, maxShift]) => ({
    ...usual,
    ...{ chunk, top: 1 + (drawn % chunk), exponent, maxShift },
  }));

/** Values of every magnitude on the grid, some beyond it, some equal and some zero. */
const vectors = settings.chain((codec) =>
  fc
    .array(fc.tuple(fc.constantFrom(-1.5, -1, -0.7, 0, 0.3, 1, 1.5), fc.nat(24)), { maxLength: 130 })
    .map((parts) => {
      const range = 255 * 2 ** (codec.maxShift + codec.exponent);
      return { codec, values: Float32Array.from(parts, ([part, down]) => (part * range) / 2 ** down) };
    }),
);

function encode(values: Float32Array, of: SparseSettings) {
  const decoded = new Float32Array(values.length);
  return { payload: sparseCodec(of).encode(values, decoded), decoded };
}

describe('encode and decode', () => {
  test("the payload's length follows from its number of values, and it decodes to the values that encoding returned", () => {
    fc.assert(
      fc.property(vectors, ({ codec, values }) => {
        const { payload, decoded } = encode(values, codec);
        expect(payload.length).toBe(sparseCodec(codec).payloadBytes(values.length));
        const integers = integersOf(sparseCodec(codec), payload, values.length);
        expect([...integers].map((integer) => integer * 2 ** codec.exponent)).toEqual([...decoded]);
      }),
    );
  });

  test('each chunk holds its values of greatest magnitude, the earlier of equal ones, with their signs', () => {
    fc.assert(
      fc.property(vectors, ({ codec, values }) => {
        const { decoded } = encode(values, codec);
        for (let start = 0; start < values.length; start += codec.chunk) {
          const part = [...values.subarray(start, start + codec.chunk)];
          const order = [...part.keys()].sort(
            (a, b) => Math.abs(part[b] ?? 0) - Math.abs(part[a] ?? 0) || a - b,
          );
          const held = order.slice(0, Math.ceil((part.length * codec.top) / codec.chunk));
          for (const [i, value] of part.entries()) {
            const sent = decoded[start + i] ?? 0;
            if (!held.includes(i)) expect(sent).toBe(0);
            else expect(Math.sign(sent)).toBe(value < 0 ? -1 : 1);
          }
        }
      }),
    );
  });

  test('values that were chosen elsewhere have the payload of their vector; a place that is not in order or in its chunk is refused', () => {
    const { choice, ...codec } = sparseCodec({ ...usual, chunk: 10, top: 3 });
    if (choice === undefined) throw new Error('the codec chooses nothing');
    const values = Float32Array.from({ length: 24 }, (_, i) => ((i * 7) % 10) * (i % 2 ? -1e-3 : 1e-3));
    const decoded = new Float32Array(24);
    const payload = codec.encode(values, decoded);
    // Of the last chunk, of 4 values, 2.
    expect(choice.count(24)).toBe(8);
    const indices = [...decoded.keys()].filter((i) => decoded[i] !== 0);
    const places = Uint32Array.from(indices, (index) => index % 10);
    const chosen = { places, values: Float32Array.from(indices, (index) => values[index] ?? 0) };
    const sent = new Float32Array(8);
    expect(choice.encode(24, chosen, sent)).toEqual(payload);
    expect([...sent]).toEqual(indices.map((index) => decoded[index]));
    for (const [i, place] of [
      [0, 10],
      [1, places[0] ?? 0],
      [7, 4],
    ] as const) {
      const wrong = { ...chosen, places: places.with(i, place) };
      expect(refusalCodeOf(() => choice.encode(24, wrong, sent))).toBe(RefusalCode.BAD_PAYLOAD);
    }
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      const wrong = { ...chosen, values: chosen.values.with(3, value) };
      expect(refusalCodeOf(() => choice.encode(24, wrong, sent))).toBe(RefusalCode.NOT_FINITE);
    }
  });

  test('the two magnitudes leave no more error than any other division in two, apart from rounding', () => {
    const one = { ...usual, chunk: 12, top: 12, exponent: -30, maxShift: 16 };
    const magnitudes = fc.array(fc.double({ min: 1e-3, max: 4e-3, noNaN: true }), {
      minLength: 12,
      maxLength: 12,
    });
    fc.assert(
      fc.property(magnitudes, (drawn) => {
        const values = Float32Array.from(drawn);
        const error = (levels: (value: number) => number) =>
          values.reduce((sum, value) => sum + (value - levels(value)) ** 2, 0);
        const { decoded } = encode(values, one);
        const got = values.reduce((sum, value, i) => sum + (value - (decoded[i] ?? 0)) ** 2, 0);
        for (const border of values) {
          const mean = (of: Float32Array) => of.reduce((sum, value) => sum + value, 0) / of.length;
          const [low, high] = [
            mean(values.filter((v) => v < border)),
            mean(values.filter((v) => v >= border)),
          ];
          // 8 bits of magnitude: half a step of 2^-7 of it.
          expect(Math.sqrt(got)).toBeLessThanOrEqual(
            Math.sqrt(error((value) => (value < border ? low : high))) + Math.sqrt(12) * 4e-3 * 2 ** -8,
          );
        }
      }),
    );
  });

  test('chunks of 4,096 with the top 64 cost less than a quarter of a bit a parameter, exactly 115 bytes a chunk', () => {
    const { payloadBytes } = sparseCodec(usual);
    expect(payloadBytes(4096)).toBe(3 + 96 + 16);
    for (const parameters of [4096, 550_000, 1_000_003, 2 ** 24 + 4000])
      expect((payloadBytes(parameters) * 8) / parameters).toBeLessThanOrEqual(0.25);
  });

  test('slices hold all integers with their indices, and no array of all values', () => {
    const small = { ...usual, chunk: 4096, top: 4096 };
    const codec = sparseCodec(small);
    const random = Random.seeded(2);
    const values = new Float32Array(16 * 4096 * 2 + 5).map(() => random.normal() / 100);
    const { payload } = encode(values, small);
    const integers = new Int32Array(values.length);
    let slices = 0;
    for (let from = 0; from < values.length; slices++) {
      const slice = codec.decodeSlice(payload, values.length, from);
      expect(slice.integers.length).toBeLessThanOrEqual(65_536);
      slice.indices?.forEach((index, i) => {
        integers[index] = slice.integers[i] ?? 0;
      });
      from = slice.to;
    }
    expect(slices).toBe(33);
    expect(integers).toEqual(integersOf(codec, payload, values.length));
  });

  test.each([Number.NaN, Infinity, -Infinity])('%s cannot be encoded', (value) => {
    expect(refusalCodeOf(() => encode(Float32Array.of(0, value), usual))).toBe(RefusalCode.NOT_FINITE);
  });
});

describe('refusals', () => {
  // Three values of four: 3 bytes, then 36 bits of indices 0, 1, 3, then 6 bits of codes.
  const small = { ...usual, chunk: 4, top: 3, exponent: 0, maxShift: 2 };
  const bytes = [1, 100, 200, 0x00, 0x10, 0x00, 0x03, 0x00, 0b10_01_00];

  test('a well-formed payload', () => {
    expect([...integersOf(sparseCodec(small), Uint8Array.from(bytes), 4)]).toEqual([200, -200, 0, 400]);
  });

  test.each<[string, Record<number, number>]>([
    ['a shift past the greatest', { 0: 3 }],
    ['a shift that is not the least', { 2: 127, 1: 100 }],
    ['a magnitude of zero', { 1: 0 }],
    ['magnitudes in the wrong order', { 1: 201 }],
    ['an index twice', { 4: 0x00 }],
    ['indices that descend', { 3: 0x02 }],
    ['an index past the chunk', { 6: 0x04 }],
    ['bits after the last index', { 7: 0x10 }],
    ['bits after the last code', { 8: 0b01_10_01_00 }],
  ])('%s', (_, changes) => {
    const changed = Uint8Array.from(bytes, (byte, i) => changes[i] ?? byte);
    expect(refusalCodeOf(() => integersOf(sparseCodec(small), changed, 4))).toBe(RefusalCode.BAD_PAYLOAD);
  });

  test('another length', () => {
    for (const length of [bytes.length - 1, bytes.length + 1]) {
      const changed = Uint8Array.from({ length }, (_, i) => bytes[i] ?? 0);
      expect(refusalCodeOf(() => integersOf(sparseCodec(small), changed, 4))).toBe(RefusalCode.BAD_PAYLOAD);
    }
  });

  test('a payload with random bytes is refused with BAD_PAYLOAD, or has integers in the limits and in order', () => {
    fc.assert(
      fc.property(vectors, fc.nat(), fc.nat(255), ({ codec, values }, where, byte) => {
        const { payload } = encode(values, codec);
        if (payload.length > 0) payload[where % payload.length] = byte;
        const greatest = 255 * 2 ** codec.maxShift;
        let before = -1;
        try {
          sparseCodec(codec).decode(payload, values.length, (index, integer) => {
            expect(index).toBeGreaterThan(before);
            expect(integer).not.toBe(0);
            expect(Math.abs(integer)).toBeLessThanOrEqual(greatest);
            before = index;
          });
          expect(before).toBeLessThan(values.length);
        } catch (error) {
          expect(error).toMatchObject({ code: RefusalCode.BAD_PAYLOAD });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('settings without a grid', () => {
    const changes = [
      ...[{ top: 0 }, { top: 4097 }, { chunk: 4097 }, { exponent: -127 }, { exponent: 60 }],
      ...[{ clipNorm: 0 }, { feedbackDecay: 0 }, { feedbackDecay: 1.1 }],
    ];
    for (const change of changes)
      expect(
        refusalCodeOf(() => sparseCodec({ ...usual, ...change })),
        JSON.stringify(change),
      ).toBe(RefusalCode.OUT_OF_LIMIT);
  });
});
