import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { delayedNesterov } from '../../../../relay/run/outer/delayed-nesterov.ts';
import type { State } from '../../../../relay/run/outer/outer-optimizer.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';

const settings = { learningRate: 0.7, momentum: 0.5, period: 4, correction: null };

test('plain steps, and the momentum moves by the mean once in four arrivals', async () => {
  const { step, vectors } = delayedNesterov(settings);
  expect(vectors).toBe(2);
  let state: State = [new Float32Array(2), new Float32Array(2), new Float32Array(2)];
  for (let round = 1; round <= 3; round++) state = await step(state, Float64Array.of(4, 0), round);
  // Three plain steps of 0.7 * 4 / 4.
  expect(state[0]?.[0]).toBeCloseTo(-2.1, 5);
  expect([state[1]?.[0], state[2]?.[0]]).toEqual([0, 3]);
  state = await step(state, Float64Array.of(4, 0), 4);
  // The fourth also has the momentum, the mean of the four deltas, times 0.5.
  expect(state[1]?.[0]).toBe(4);
  expect(state[2]?.[0]).toBe(0);
  expect(state[0]?.[0]).toBeCloseTo(-2.1 - 0.7 * (0.5 * 4 + 1), 5);
  state = await step(state, Float64Array.of(4, 0), 5);
  expect([state[1]?.[0], state[2]?.[0]]).toEqual([4, 1]);
});

/** The paper's algorithm 3 with c = 0, in plain float64. */
function paper(deltas: readonly number[], { learningRate, momentum, period }: typeof settings): number {
  let [theta, m, sum] = [0, 0, 0];
  for (const [t, g] of deltas.entries()) {
    sum += g;
    if ((t + 1) % period === 0) {
      m = momentum * m + sum / period;
      theta -= learningRate * (momentum * m + g / period);
      sum = 0;
    } else theta -= learningRate * (g / period);
  }
  return theta;
}

test('it follows the paper’s algorithm in float64', async () => {
  const random = Random.seeded(5);
  const deltas = Array.from({ length: 41 }, () => random.normal());
  const { step } = delayedNesterov(settings);
  let state: State = [new Float32Array(1), new Float32Array(1), new Float32Array(1)];
  for (const [i, delta] of deltas.entries()) state = await step(state, Float64Array.of(delta), i + 1);
  expect(state[0]?.[0]).toBeCloseTo(paper(deltas, settings), 5);
});

test('it minimizes a quadratic, and does not change its arguments', async () => {
  const correction = { tensors: [1, 1], aligned: 0.2, turn: 0.5 };
  for (const one of [settings, { ...settings, correction }]) {
    const { step } = delayedNesterov(one);
    let state: State = [Float32Array.of(3, -2), new Float32Array(2), new Float32Array(2)];
    for (let i = 0; i < 400; i++) {
      const delta = Float64Array.from(state[0] ?? [], (value) => 0.1 * value);
      const before = [...state, delta].map((vector) => vector.slice());
      const next = await step(state, delta, i + 1);
      expect([...state, delta]).toEqual(before);
      state = next;
    }
    for (const value of state[0] ?? []) expect(Math.abs(value)).toBeLessThan(1e-2);
  }
});

test('its bits are the same on every engine', async () => {
  const random = Random.seeded(3);
  const correction = { tensors: [300, 700], aligned: 0.2, turn: 0.5 };
  const { step } = delayedNesterov({ ...settings, correction });
  let state: State = [new Float32Array(1000).map(() => random.normal()), new Float32Array(1000)];
  state = [...state, new Float32Array(1000)];
  for (let i = 0; i < 9; i++)
    state = await step(
      state,
      new Float64Array(1000).map(() => random.normal() / 3),
      i + 1,
    );
  const bits = new Uint8Array(new Float32Array(state.flatMap((vector) => [...vector])).buffer);
  expect(hashOfBytes(bits)).toBe('653eea503d87d90433a7f48e75dfc09a3833b4acc3461847e96e92864f0e27eb');
});
