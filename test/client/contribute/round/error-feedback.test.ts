import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BaseDelta, normOf } from '../../../../client/contribute/round/base-delta.ts';
import { encodeDelta, returned } from '../../../../client/contribute/round/error-feedback.ts';
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
const sentBy = (payload: Uint8Array) =>
  Float32Array.from(integersOf(sparse, payload, length), (integer) => integer * sparse.unit);

const changeTo = (values: Float32Array) =>
  BaseDelta.between(Float32Array.from(values), new Float32Array(length), 4);

test('whatever becomes of each contribution, what was sent and accepted and the residual add up to all deltas, each with its decay', () => {
  const rounds = fc.array(fc.record({ change: vector, isAccepted: fc.boolean() }), { maxLength: 12 });
  fc.assert(
    fc.property(rounds, (history) => {
      let residual = new Float32Array(length);
      const expected = new Float64Array(length);
      for (const { change, isAccepted } of history) {
        const encoded = encodeDelta(changeTo(change), residual, sparse);
        residual = isAccepted ? encoded.residual : returned(encoded, residual, sparse);
        const sent = isAccepted ? sentBy(encoded.payload) : new Float32Array(length);
        for (let i = 0; i < length; i++)
          expected[i] = 0.95 * (expected[i] ?? 0) + (change[i] ?? 0) - (sent[i] ?? 0);
        for (let i = 0; i < length; i++) expect(residual[i]).toBeCloseTo(expected[i] ?? 0, 5);
      }
    }),
  );
});

test('a node whose work is never accepted has a residual of bounded length', () => {
  let residual = new Float32Array(length);
  const change = new Float32Array(length).fill(0.5);
  for (let round = 0; round < 400; round++)
    residual = returned(encodeDelta(changeTo(change), residual, sparse), residual, sparse);
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

test('without decay a delta that does not count leaves the residual as it was', () => {
  const before = new Float32Array(length).fill(2 ** -22);
  const encoded = encodeDelta(changeTo(new Float32Array(length).fill(0.1)), before, dense);
  expect(returned(encoded, before, dense)).toBe(before);
});
