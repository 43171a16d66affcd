import { expect, test } from 'vitest';
import { corrected, delayedNesterov } from '../../../bench/convergence/arrivals.ts';
import { fixedPointCodec } from '../../../bench/convergence/fixed-point.ts';

const one = { tensors: [{ name: 'w', shape: [2], offset: 0, size: 2, decay: true }] };
const vector = (...values: number[]) => new Float32Array(values);

test('delayed Nesterov takes plain steps, and moves its momentum by the mean once in four arrivals', async () => {
  const arrive = delayedNesterov();
  let state: readonly Float32Array<ArrayBuffer>[] = [vector(0, 0), vector(0, 0)];
  for (let arrival = 1; arrival <= 3; arrival++) state = await arrive(state, vector(4, 0), arrival);
  // Three plain steps of 0.7 * 4 / 4.
  expect(state[0]?.[0]).toBeCloseTo(-2.1, 5);
  expect(state[1]?.[0]).toBe(0);
  state = await arrive(state, vector(4, 0), 4);
  // The fourth also has the momentum, the mean of the four deltas, times 0.5.
  expect(state[1]?.[0]).toBeCloseTo(4, 5);
  expect(state[0]?.[0]).toBeCloseTo(-2.1 - 0.7 * (0.5 * 4 + 1), 5);
  state = await arrive(state, vector(4, 0), 5);
  expect(state[1]?.[0]).toBeCloseTo(4, 5);
});

test('a delta that agrees with the momentum stays; one against it is shortened along it; one between turns to it', () => {
  const momentum = vector(1, 0);
  expect(corrected(vector(1, 1), momentum, one)).toEqual(vector(1, 1));
  expect(corrected(vector(3, 4), vector(0, 0), one)).toEqual(vector(3, 4));
  const against = corrected(vector(-1, 1), momentum, one);
  expect(against[0]).toBeGreaterThan(-1);
  expect(against[0]).toBeLessThan(0);
  expect(against[1]).toBe(1);
  const turned = corrected(vector(0.1, 1), momentum, one);
  expect(turned[0]).toBeGreaterThan(0.1);
  expect(Math.hypot(...turned)).toBeCloseTo(Math.hypot(0.1, 1), 5);
});

test('32 bits hold a delta almost exactly', () => {
  const codec = fixedPointCodec(1);
  const values = vector(0.1, -1e-6, 0);
  const decoded = new Float32Array(3);
  const payload = codec.encode(values, decoded);
  expect(payload).toHaveLength(12);
  for (const [i, value] of values.entries())
    expect(Math.abs((decoded[i] ?? 1) - value)).toBeLessThan(2 ** -28);
  const { integers } = codec.decodeSlice(payload, 3, 0);
  expect([...integers].map((integer) => Math.fround(integer * codec.unit))).toEqual([...decoded]);
});
