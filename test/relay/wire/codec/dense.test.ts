import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { type DenseSettings, denseCodec } from '../../../../relay/wire/codec/dense.ts';
import { WireError } from '../../../../relay/wire/frames.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { integersOf } from '../../../support/relay/integers.ts';
import { refusalCodeOf } from '../../../support/wire/refusal-code.ts';

const usual: DenseSettings = { bits: 8, block: 256, exponent: -20, maxShift: 12, clipNorm: 1 };

const codecs: fc.Arbitrary<DenseSettings> = fc.record({
  bits: fc.integer({ min: 2, max: 8 }),
  block: fc.integer({ min: 1, max: 40 }),
  exponent: fc.integer({ min: -40, max: 10 }),
  maxShift: fc.integer({ min: 0, max: 16 }),
  clipNorm: fc.constant(1),
});

const greatestOf = (codec: DenseSettings) => 2 ** (codec.bits - 1) - 1;
const rangeOf = (codec: DenseSettings) => greatestOf(codec) * 2 ** (codec.maxShift + codec.exponent);

/** Values of every magnitude on the grid, and some beyond it. */
const vectors = codecs.chain((codec) =>
  fc
    .array(fc.tuple(fc.double({ min: -1.5, max: 1.5, noNaN: true }), fc.integer({ min: 0, max: 24 })), {
      maxLength: 120,
    })
    .map((parts) => ({
      codec,
      values: Float32Array.from(parts, ([mantissa, down]) => (mantissa * rangeOf(codec)) / 2 ** down),
    })),
);

function encode(values: Float32Array, settings: DenseSettings) {
  const decoded = new Float32Array(values.length);
  return { payload: denseCodec(settings).encode(values, decoded), decoded };
}

function decode(payload: Uint8Array, length: number, settings: DenseSettings): Int32Array {
  return integersOf(denseCodec(settings), payload, length);
}

const payloadBytes = (length: number, settings: DenseSettings) => denseCodec(settings).payloadBytes(length);

describe('encode and decode', () => {
  test("the payload's length follows from its number of values, and it decodes to the values that encoding returned", () => {
    fc.assert(
      fc.property(vectors, ({ codec, values }) => {
        const { payload, decoded } = encode(values, codec);
        expect(payload.length).toBe(payloadBytes(values.length, codec));
        const integers = decode(payload, values.length, codec);
        integers.forEach((integer, i) => {
          expect(integer * 2 ** codec.exponent).toBe((decoded[i] ?? Number.NaN) + 0);
        });
      }),
    );
  });

  test('each value is off by at most half a step of its block, and values beyond the grid are clamped', () => {
    fc.assert(
      fc.property(vectors, ({ codec, values }) => {
        const { payload, decoded } = encode(values, codec);
        const range = rangeOf(codec);
        let at = 0;
        for (let start = 0; start < values.length; start += codec.block) {
          const part = values.subarray(start, start + codec.block);
          const step = 2 ** ((payload[at] ?? 0) + codec.exponent);
          at += 1 + Math.ceil((part.length * codec.bits) / 8);
          const greatest = Math.max(...part.map(Math.abs));
          // The block uses the finest grid that holds it: a finer one would clamp its greatest value.
          if ((step / 2 / 2 ** codec.exponent) % 1 === 0) {
            expect(greatest).toBeGreaterThanOrEqual(((greatestOf(codec) + 0.5) * step) / 2);
          }
          part.forEach((value, i) => {
            const got = decoded[start + i] ?? Number.NaN;
            if (Math.abs(value) > range) expect(Math.abs(got)).toBe(range);
            else expect(Math.abs(value - got)).toBeLessThanOrEqual(step / 2);
          });
        }
      }),
    );
  });

  test('values on the grid are decoded unchanged', () => {
    const onGrid = codecs.chain((codec) =>
      fc.record({
        codec: fc.constant(codec),
        shift: fc.integer({ min: 0, max: codec.maxShift }),
        integers: fc.array(fc.integer({ min: -greatestOf(codec), max: greatestOf(codec) }), {
          maxLength: 90,
        }),
      }),
    );
    fc.assert(
      fc.property(onGrid, ({ codec, shift, integers }) => {
        const values = Float32Array.from(integers, (q) => q * 2 ** (shift + codec.exponent));
        const { payload, decoded } = encode(values, codec);
        expect([...decoded].map((v) => v + 0)).toEqual([...values].map((v) => v + 0));
        expect([...decode(payload, values.length, codec)]).toEqual(integers.map((q) => q * 2 ** shift + 0));
      }),
    );
  });

  test('eight bits over blocks of 256 cost 8.03 bits a parameter', () => {
    const parameters = 500_000;
    expect((payloadBytes(parameters, usual) * 8) / parameters).toBeLessThan(8.04);
    expect(payloadBytes(0, usual)).toBe(0);
    expect(payloadBytes(257, usual)).toBe(257 + 2);
    expect(payloadBytes(3, { ...usual, bits: 3 })).toBe(1 + 2);
  });

  test('half a million parameters take little time each way', () => {
    const random = Random.seeded(1);
    const values = Float32Array.from({ length: 500_000 }, () => random.normal() * 1e-3);
    let encoding = Infinity;
    let decoding = Infinity;
    // The best time of several counts, because other tests share the machine.
    for (let i = 0; i < 5; i++) {
      const started = performance.now();
      const { payload } = encode(values, usual);
      const encoded = performance.now();
      expect(decode(payload, values.length, usual).some((integer) => integer !== 0)).toBe(true);
      encoding = Math.min(encoding, encoded - started);
      decoding = Math.min(decoding, performance.now() - encoded);
    }
    // Any current processor takes a few milliseconds.
    expect(encoding).toBeLessThan(500);
    expect(decoding).toBeLessThan(500);
  });
});

describe('refusals', () => {
  test.each([Number.NaN, Infinity, -Infinity])('%s cannot be encoded', (value) => {
    expect(refusalCodeOf(() => encode(Float32Array.of(0, value), usual))).toBe(RefusalCode.NOT_FINITE);
  });

  const codec: DenseSettings = { bits: 3, block: 3, exponent: 0, maxShift: 2, clipNorm: 1 };

  test.each([
    ['too short', [0, 0]],
    ['too long', [0, 0, 0, 0]],
    ['a shift past the greatest', [3, 0, 0]],
    ['the integer that has no opposite', [0, 0b100, 0]],
    ['bits after the last value', [0, 0, 0b10]],
  ])('%s', (_, bytes) => {
    expect(refusalCodeOf(() => decode(Uint8Array.from(bytes), 3, codec))).toBe(RefusalCode.BAD_PAYLOAD);
  });

  test('the same, well-formed', () => {
    expect([...decode(Uint8Array.from([2, 0b11_010_001, 0b0]), 3, codec)]).toEqual([4, 8, 12]);
  });

  test('random payloads decode to values on the grid or are refused with BAD_PAYLOAD', () => {
    fc.assert(
      fc.property(
        codecs,
        fc.nat(100),
        fc.infiniteStream(fc.nat(255)),
        fc.nat(9),
        (codec, length, bytes, change) => {
          const payload = Uint8Array.from(bytes.take(payloadBytes(length, codec) + (change === 0 ? 1 : 0)));
          for (
            let at = 0;
            at < payload.length && change < 8;
            at += 1 + Math.ceil((codec.block * codec.bits) / 8)
          ) {
            payload[at] = (payload[at] ?? 0) % (codec.maxShift + 1);
          }
          try {
            const integers = decode(payload, length, codec);
            for (const integer of integers) {
              expect(Math.abs(integer)).toBeLessThanOrEqual(greatestOf(codec) * 2 ** codec.maxShift);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
            expect(error).toMatchObject({ code: RefusalCode.BAD_PAYLOAD });
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a manifest whose codec has no grid', () => {
    for (const change of [{ bits: 1 }, { block: 0 }, { exponent: -127 }, { exponent: 60 }, { clipNorm: 0 }]) {
      expect(refusalCodeOf(() => denseCodec({ ...usual, ...change }))).toBe(RefusalCode.OUT_OF_LIMIT);
    }
  });
});

test('the unit of the grid is an exact power of two', () => {
  for (const exponent of [-126, -24, -1, 0, 1, 40]) {
    expect(denseCodec({ ...usual, exponent }).unit).toBe(2 ** exponent);
  }
});
