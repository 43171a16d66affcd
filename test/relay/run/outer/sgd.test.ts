import { expect, test } from 'vitest';
import { rateOf, sgd } from '../../../../relay/run/outer/sgd.ts';

const settings = { learningRate: 1, finalRate: 0.4, constantRounds: 2, rounds: 10 };

test('the rate is constant for the first rounds, then linear to the final one', () => {
  const rates = Array.from({ length: 10 }, (_, i) => rateOf(settings, i + 1));
  expect(rates.slice(0, 2)).toEqual([1, 1]);
  for (const [i, rate] of rates.slice(2).entries()) expect(rate).toBeCloseTo(1 - 0.075 * (i + 1), 12);
  expect(rates.at(-1)).toBeCloseTo(0.4, 12);
  expect(rateOf({ ...settings, constantRounds: 10 }, 10)).toBe(1);
});

test('a step is the base less the rate times the delta; it stores no vector and changes no argument', async () => {
  const { step, vectors } = sgd(settings);
  expect(vectors).toBe(0);
  const base = Float32Array.of(1, -2);
  expect(await step([base], Float64Array.of(0.5, 0.25), 1)).toEqual([Float32Array.of(0.5, -2.25)]);
  expect(await step([base], Float64Array.of(0.5, 0.25), 10)).toEqual([
    Float32Array.of(1 - rateOf(settings, 10) * 0.5, -2 - rateOf(settings, 10) * 0.25),
  ]);
  expect(base).toEqual(Float32Array.of(1, -2));
});
