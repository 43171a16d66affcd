import { expect } from 'vitest';
import { at, dot } from '../../../../client/model/reference/vector.ts';
import type { Random } from '../../../../client/random.ts';

/** Values of mean 0 and deviation 1. */
export function randomValues(length: number, random: Random): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

/**
 * Compares `gradient` with central differences of `loss` at each value of `values`, which is restored afterwards.
 * `loss` reads `values` at every call.
 */
export function expectGradient(values: Float64Array, gradient: Float64Array, loss: () => number): void {
  expect(gradient.length).toBe(values.length);
  const step = 1e-5;
  const numeric = values.map((value, i) => {
    values[i] = value + step;
    const above = loss();
    values[i] = value - step;
    const below = loss();
    values[i] = value;
    return (above - below) / (2 * step);
  });
  const difference = numeric.map((n, i) => n - at(gradient, i));
  const norm = Math.sqrt(dot(numeric, numeric));
  expect(Math.sqrt(dot(difference, difference))).toBeLessThan(1e-6 * (norm + 1e-3));
}
