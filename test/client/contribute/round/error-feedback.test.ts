import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BaseDelta, normOf } from '../../../../client/contribute/round/base-delta.ts';
import { encodeDelta, returned, withLate } from '../../../../client/contribute/round/error-feedback.ts';
import { denseCodec } from '../../../../relay/wire/codec/dense.ts';
import { sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { integersOf } from '../../../support/relay/integers.ts';

const length = 50;
const sparse = sparseCodec({
  ...{ chunk: 16, top: 3, exponent: -22, maxShift: 14 },
  ...{ clipNorm: 4, feedbackDecay: 0.95 },
});
const dense = denseCodec({ bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 4 });
const vector = fc.float32Array({ minLength: length, maxLength: length, min: -0.25, max: 0.25, noNaN: true });
const sentBy = (payload: Uint8Array, codec = sparse) =>
  Float32Array.from(integersOf(codec, payload, length), (integer) => integer * codec.unit);

const changeTo = (values: Float32Array) =>
  BaseDelta.between(Float32Array.from(values), new Float32Array(length), 4);

/** What becomes of a round's work: `late` was never encoded, since its round closed while it was trained. */
const fate = fc.constantFrom('accepted', 'refused', 'late');

/** Deltas so small that the bound of the dense codec's residual never holds. */
const small = fc.float32Array({
  minLength: length,
  maxLength: length,
  min: -0.03125,
  max: 0.03125,
  noNaN: true,
});

test.each([
  ['sparse', sparse, vector, 1],
  ['dense', dense, small, 0.5],
] as const)(
  'whatever becomes of each round, what was accepted and the residual add up to all deltas, with what decays and what is lost of each: %s',
  (_, codec, change, returns) => {
    fc.assert(
      fc.property(fc.array(fc.record({ change, fate }), { maxLength: 12 }), (history) => {
        let residual = new Float32Array(length);
        const expected = new Float64Array(length);
        for (const { change, fate } of history) {
          const delta = changeTo(change);
          const encoded = encodeDelta(delta, residual, codec);
          const isAccepted = fate === 'accepted';
          if (fate === 'late') residual = withLate(delta, residual, codec);
          else residual = isAccepted ? encoded.residual : returned(encoded, codec);
          const sent = sentBy(encoded.payload, codec);
          for (let i = 0; i < length; i++) {
            const whole = codec.feedbackDecay * (expected[i] ?? 0) + (change[i] ?? 0);
            expected[i] = isAccepted ? whole - (sent[i] ?? 0) : returns * whole;
          }
          for (let i = 0; i < length; i++) expect(residual[i]).toBeCloseTo(expected[i] ?? 0, 5);
        }
      }),
    );
  },
);

test('a node whose work is never accepted has a residual of bounded length', () => {
  let residual = new Float32Array(length);
  const change = new Float32Array(length).fill(0.5);
  for (let round = 0; round < 400; round++)
    residual = returned(encodeDelta(changeTo(change), residual, sparse), sparse);
  expect(normOf(residual)).toBeLessThanOrEqual((normOf(changeTo(change).values) / (1 - 0.95)) * 1.001);
});

test('no payload is longer than the bound of its round, though the residual is', () => {
  fc.assert(
    fc.property(vector, vector, fc.double({ min: 0.01, max: 1, noNaN: true }), (change, before, clipNorm) => {
      const bounded = { ...sparse, clipNorm };
      const residual = Float32Array.from(before, (value) => value * 10);
      const { payload } = encodeDelta(changeTo(change), residual, bounded);
      expect(normOf(sentBy(payload))).toBeLessThanOrEqual(clipNorm);
    }),
  );
});

test('a bound below the shortest payload ends with an error, not in an endless loop', () => {
  const bounded = { ...sparse, clipNorm: sparse.unit / 2 };
  const encode = () =>
    encodeDelta(changeTo(new Float32Array(length).fill(0.1)), new Float32Array(length), bounded);
  expect(encode).toThrow(expect.objectContaining({ code: 'delta.bound-too-small' }));
});

test('without decay the residual of lost work is shorter than the work of one round, and points as it did', () => {
  const change = new Float32Array(length).fill(0.25);
  const norm = normOf(changeTo(change).values);
  let [refused, late] = [new Float32Array(length), new Float32Array(length)];
  for (let round = 0; round < 20; round++) {
    refused = returned(encodeDelta(changeTo(change), refused, dense), dense);
    late = withLate(changeTo(change), late, dense);
  }
  for (const residual of [refused, late]) {
    expect(normOf(residual)).toBeLessThanOrEqual(norm);
    expect(normOf(residual)).toBeGreaterThan(norm * 0.99);
    for (const value of residual) expect(value).toBeCloseTo(norm / Math.sqrt(length), 2);
  }
});
