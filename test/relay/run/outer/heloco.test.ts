import fc from 'fast-check';
import { expect, test } from 'vitest';
import { correctedByMomentum } from '../../../../relay/run/outer/heloco.ts';

const settings = { tensors: [2], aligned: 0.2, turn: 0.5, mu: 0.5 };
const vector = (...values: number[]) => Float64Array.from(values);

test('a delta that agrees with the momentum stays; one against it is shortened along it; one between turns to it', async () => {
  const momentum = Float32Array.of(1, 0);
  expect(await correctedByMomentum(vector(1, 1), momentum, settings)).toEqual(vector(1, 1));
  expect(await correctedByMomentum(vector(3, 4), new Float32Array(2), settings)).toEqual(vector(3, 4));
  const against = await correctedByMomentum(vector(-1, 1), momentum, settings);
  expect(against[0]).toBeGreaterThan(-1);
  expect(against[0]).toBeLessThan(0);
  expect(against[1]).toBe(1);
  const turned = await correctedByMomentum(vector(0.1, 1), momentum, settings);
  expect(turned[0]).toBeGreaterThan(0.1);
  expect(Math.hypot(...turned)).toBeCloseTo(Math.hypot(0.1, 1), 12);
});

test('tensors are corrected by themselves', async () => {
  const [delta, momentum] = [vector(1, 1, -1, 1), Float32Array.of(1, 0, 1, 0)];
  const both = await correctedByMomentum(delta, momentum, { ...settings, tensors: [2, 2] });
  const second = await correctedByMomentum(vector(-1, 1), Float32Array.of(1, 0), settings);
  expect([...both]).toEqual([1, 1, ...second]);
});

test('a correction never lengthens a delta, never turns it away from the momentum, and keeps what is across it', async () => {
  const value = fc.double({ noNaN: true, min: -4, max: 4 });
  const pair = fc.tuple(value, value);
  await fc.assert(
    fc.asyncProperty(pair, pair, async ([x, y], [u, v]) => {
      const momentum = Float32Array.of(u, v);
      const next = await correctedByMomentum(vector(x, y), momentum, settings);
      const along = (one: Float64Array) =>
        (one[0] ?? 0) * (momentum[0] ?? 0) + (one[1] ?? 0) * (momentum[1] ?? 0);
      const across = (one: Float64Array) =>
        (one[0] ?? 0) * (momentum[1] ?? 0) - (one[1] ?? 0) * (momentum[0] ?? 0);
      const before = vector(x, y);
      expect(Math.hypot(...next)).toBeLessThanOrEqual(Math.hypot(x, y) * (1 + 1e-9));
      expect(along(next)).toBeGreaterThanOrEqual(along(before) - 1e-9);
      if (along(before) < 0) expect(across(next)).toBeCloseTo(across(before), 9);
    }),
  );
});
