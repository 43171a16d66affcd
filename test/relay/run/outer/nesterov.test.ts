import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { nesterov } from '../../../../relay/run/outer/nesterov.ts';
import type { State } from '../../../../relay/run/outer/outer-optimizer.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';

const settings = { learningRate: 0.7, momentum: 0.9 };

test('one step equals DiLoCo’s, computed by hand', async () => {
  const { step } = nesterov({ learningRate: 0.5, momentum: 0.5 });
  const [base, momentum] = await step([Float32Array.of(1), Float32Array.of(0.5)], Float64Array.of(0.25), 1);
  // m' = 0.5 * 0.5 + 0.25 = 0.5; base' = 1 - 0.5 (0.25 + 0.5 * 0.5) = 0.75.
  expect(momentum).toEqual(Float32Array.of(0.5));
  expect(base).toEqual(Float32Array.of(0.75));
});

test('without momentum at rate 1 the mean of the nodes’ weights is the new base', async () => {
  const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -10, max: 10 });
  await fc.assert(
    fc.asyncProperty(finite, finite, async (base, local) => {
      const { step } = nesterov({ learningRate: 1, momentum: 0 });
      const [next] = await step(
        [Float32Array.of(base), new Float32Array(1)],
        Float64Array.of(base - local),
        1,
      );
      expect(next?.[0]).toBeCloseTo(local, 5);
    }),
  );
});

test('it minimizes a quadratic, and does not change its arguments', async () => {
  const { step } = nesterov(settings);
  let state: State = [Float32Array.of(3, -2), new Float32Array(2)];
  for (let i = 0; i < 200; i++) {
    const delta = Float64Array.from(state[0] ?? [], (value) => 0.1 * value);
    const before = state.map((vector) => vector.slice());
    const next = await step(state, delta, i + 1);
    expect(state).toEqual(before);
    state = next;
  }
  for (const value of state[0] ?? []) expect(Math.abs(value)).toBeLessThan(1e-3);
});

test('its bits are the same on every engine', async () => {
  const random = Random.seeded(3);
  const { step, vectors } = nesterov(settings);
  let state: State = [new Float32Array(1000).map(() => random.normal()), new Float32Array(1000)];
  expect(vectors).toBe(1);
  for (let i = 0; i < 5; i++) {
    const delta = new Float64Array(1000).map(() => random.normal() / 3);
    state = await step(state, delta, i + 1);
  }
  const bits = new Uint8Array(new Float32Array(state.flatMap((vector) => [...vector])).buffer);
  expect(hashOfBytes(bits)).toBe('b475b5d491b87f0dcca1342fed3a36ed7eee000babd41d617fc342f8bfd2b016');
});
