import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { nesterovStep } from '../../relay/outer.ts';
import { hashOfBytes } from '../../relay/store.ts';

const settings = { outerLearningRate: 0.7, outerMomentum: 0.9 };

test('one step is DiLoCo’s, by hand', () => {
  const next = nesterovStep(Float32Array.of(1), Float32Array.of(0.5), Float64Array.of(0.25), {
    outerLearningRate: 0.5,
    outerMomentum: 0.5,
  });
  // m' = 0.5 * 0.5 + 0.25 = 0.5; base' = 1 - 0.5 (0.25 + 0.5 * 0.5) = 0.75.
  expect([...next.momentum]).toEqual([0.5]);
  expect([...next.base]).toEqual([0.75]);
});

test('without momentum at rate 1 the mean of the nodes’ weights is the new base', () => {
  const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -10, max: 10 });
  fc.assert(
    fc.property(finite, finite, (base, local) => {
      const next = nesterovStep(Float32Array.of(base), new Float32Array(1), Float64Array.of(base - local), {
        outerLearningRate: 1,
        outerMomentum: 0,
      });
      expect(next.base[0]).toBeCloseTo(local, 5);
    }),
  );
});

test('it follows a quadratic’s gradient down, and the arguments stay as they are', () => {
  let base: Float32Array = Float32Array.of(3, -2);
  let momentum: Float32Array = new Float32Array(2);
  for (let i = 0; i < 200; i++) {
    const delta = Float64Array.from(base, (value) => 0.1 * value);
    const before = [...base];
    const next = nesterovStep(base, momentum, delta, settings);
    expect([...base]).toEqual(before);
    ({ base, momentum } = next);
  }
  for (const value of base) expect(Math.abs(value)).toBeLessThan(1e-3);
});

test('its bits are the same on every engine: these', () => {
  const random = Random.seeded(3);
  let base: Float32Array = new Float32Array(1000).map(() => random.normal());
  let momentum: Float32Array = new Float32Array(1000);
  for (let i = 0; i < 5; i++) {
    const delta = new Float64Array(1000).map(() => random.normal() / 3);
    ({ base, momentum } = nesterovStep(base, momentum, delta, settings));
  }
  const bits = new Uint8Array(new Float32Array([...base, ...momentum]).buffer);
  expect(hashOfBytes(bits)).toBe('b475b5d491b87f0dcca1342fed3a36ed7eee000babd41d617fc342f8bfd2b016');
});
