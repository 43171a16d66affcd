import { expect, test } from 'vitest';
import type { ParameterLayout } from '../../../../client/model/parameters.ts';
import { referenceAdamW } from '../../../../client/model/reference/adamw.ts';
import { at } from '../../../../client/model/reference/vector.ts';

/** A matrix of one value, which decays, at 0; a gain, which does not, at 1; and a gap at 2. */
const layout: ParameterLayout = {
  tensors: [
    { name: 'matrix', shape: [1, 1], offset: 0, size: 1, decay: true },
    { name: 'gain', shape: [1], offset: 1, size: 1, decay: false },
  ],
  length: 3,
  trained: 2,
  hash: '',
};
const settings = { beta1: 0.9, beta2: 0.99, epsilon: 0.5, weightDecay: 0.1, gradientClip: 2 };
const fresh = () => ({
  step: 0,
  parameters: Float64Array.of(1, 1, 0),
  firstMoment: new Float64Array(3),
  secondMoment: new Float64Array(3),
});

test('two steps agree with the equations worked by hand', () => {
  const state = fresh();
  // Norm 5 is clipped to 2: g = (1.2, 1.6). After one step both corrected moments are g and g^2.
  referenceAdamW(state, Float64Array.of(3, 4, 0), settings, 0.01, layout);
  expect(state.step).toBe(1);
  expect(at(state.firstMoment, 0)).toBeCloseTo(0.12, 15);
  expect(at(state.secondMoment, 1)).toBeCloseTo(0.0256, 15);
  const matrix = 1 - 0.01 * (1.2 / (1.2 + 0.5) + 0.1 * 1);
  const gain = 1 - 0.01 * (1.6 / (1.6 + 0.5));
  expect(at(state.parameters, 0)).toBeCloseTo(matrix, 15);
  expect(at(state.parameters, 1)).toBeCloseTo(gain, 15);

  // Norm 1 is not clipped: m = 0.9 * 0.12 + 0.1 * 1 = 0.208, v = 0.99 * 0.0144 + 0.01 * 1 = 0.024256.
  referenceAdamW(state, Float64Array.of(1, 0, 0), settings, 0.01, layout);
  const direction = 0.208 / 0.19 / (Math.sqrt(0.024256 / 0.0199) + 0.5);
  expect(at(state.parameters, 0)).toBeCloseTo(matrix - 0.01 * (direction + 0.1 * matrix), 14);
});

test('gaps between tensors stay zero', () => {
  const state = fresh();
  referenceAdamW(state, Float64Array.of(0, 0, 7), settings, 1, layout);
  expect([at(state.parameters, 2), at(state.firstMoment, 2), at(state.secondMoment, 2)]).toEqual([0, 0, 0]);
  expect(at(state.parameters, 1)).toBe(1);
});
