import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BaseDelta, normOf } from '../../../../client/contribute/round/base-delta.ts';
import { encodeDelta } from '../../../../client/contribute/round/error-feedback.ts';
import { denseCodec } from '../../../../relay/wire/codec/dense.ts';
import { integersOf } from '../../../support/relay/integers.ts';

const codec = denseCodec({ bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 2 });
const vector = (length: number, most: number) =>
  fc.float32Array({ minLength: length, maxLength: length, min: -most, max: most, noNaN: true });
const decoded = (payload: Uint8Array, length: number) =>
  Float32Array.from(integersOf(codec, payload, length), (integer) => integer * codec.unit);

test('a delta is base minus local, no longer than the clip norm, in the same direction', () => {
  fc.assert(
    fc.property(vector(40, 4), vector(40, 4), (base, local) => {
      const delta = BaseDelta.between(base, local, 2);
      const exact = base.map((value, i) => value - (local[i] ?? 0));
      expect(delta.norm).toBeCloseTo(normOf(exact), 4);
      expect(normOf(delta.values)).toBeLessThanOrEqual(2 * (1 + 1e-6));
      const scale = Math.min(1, 2 / delta.norm);
      delta.values.forEach((value, i) => {
        expect(value).toBeCloseTo(scale * (exact[i] ?? 0), 5);
      });
    }),
  );
});

test('values that are not finite make no delta', () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(() => BaseDelta.between(new Float32Array(3), Float32Array.of(0, bad, 0), 1)).toThrow(
      expect.objectContaining({ code: 'delta.not-finite' }),
    );
  }
  const greatest = Float32Array.of(3e38);
  expect(() => BaseDelta.between(greatest, Float32Array.of(-3e38), 1)).toThrow(/not finite/);
  expect(() => BaseDelta.between(new Float32Array(3), new Float32Array(2), 1)).toThrow(RangeError);
});

test('an object with the fields of a delta is not accepted as a delta', () => {
  const real = BaseDelta.between(new Float32Array(2), new Float32Array(2), 1);
  expect(BaseDelta.is(real)).toBe(true);
  expect(BaseDelta.is({ values: real.values, norm: 0 })).toBe(false);
  const forged: BaseDelta = Object.create(BaseDelta.prototype, {
    values: { value: new Float32Array(2) },
    norm: { value: 0 },
  });
  expect(BaseDelta.is(forged)).toBe(false);
  expect(() => encodeDelta(forged, new Float32Array(2), codec)).toThrow(/BaseDelta/);
});

test('no other type is taken for a delta, and only `between` makes one: both are errors of the compiler', () => {
  const alike = { values: new Float32Array(2), norm: 0 };
  const made = [
    // @ts-expect-error an object of the same fields is no delta
    (): BaseDelta => alike,
    // @ts-expect-error weights are no delta
    (): BaseDelta => new Float32Array(2),
    // @ts-expect-error the constructor is private
    () => new BaseDelta(new Float32Array(2), 0),
  ];
  // Code that the compiler did not see makes none either.
  for (const make of made.slice(0, 2)) expect(BaseDelta.is(make())).toBe(false);
});

test("payload and residual add up to the clipped delta, and the relay accepts the payload's norm", () => {
  fc.assert(
    fc.property(vector(100, 1), vector(100, 2 ** -10), (change, residual) => {
      const delta = BaseDelta.between(change, new Float32Array(100), codec.clipNorm);
      const encoded = encodeDelta(delta, residual, codec);
      const sent = decoded(encoded.payload, 100);
      expect(normOf(sent)).toBeLessThanOrEqual(codec.clipNorm);
      const compensated = delta.values.map((value, i) => value + (residual[i] ?? 0));
      const scale = Math.min(1, codec.clipNorm / normOf(compensated));
      sent.forEach((value, i) => {
        // The tolerance covers scaling the rounded delta until its norm is under the limit.
        const whole = scale * (compensated[i] ?? 0);
        expect(Math.abs(value + (encoded.residual[i] ?? 0) - whole)).toBeLessThan(
          1e-5 + Math.abs(whole) / 50,
        );
      });
    }),
  );
});

test('over many rounds, error feedback keeps what plain rounding would lose', () => {
  const small = 2 ** -22;
  const change = Float32Array.from({ length: 64 }, () => small);
  let residual = new Float32Array(64);
  let sum = 0;
  for (let round = 0; round < 64; round++) {
    const delta = BaseDelta.between(change, new Float32Array(64), codec.clipNorm);
    const encoded = encodeDelta(delta, residual, codec);
    residual = encoded.residual;
    sum += decoded(encoded.payload, 64)[0] ?? 0;
  }
  expect(sum).toBeCloseTo(64 * small, 9);
  const alone = encodeDelta(BaseDelta.between(change, new Float32Array(64), 2), new Float32Array(64), codec);
  expect(decoded(alone.payload, 64)[0]).toBe(0);
});

test('the part of a delta that clipping removes is not sent later', () => {
  const huge = Float32Array.from({ length: 64 }, () => 10);
  const { residual } = encodeDelta(
    BaseDelta.between(huge, new Float32Array(64), codec.clipNorm),
    new Float32Array(64),
    codec,
  );
  expect(normOf(residual)).toBeLessThan(0.01 * codec.clipNorm);
});
