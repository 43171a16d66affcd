import { expect } from 'vitest';
import type { ParameterLayout } from '../../../client/model/parameters.ts';
import { oracleGradientError, type Probes } from './oracle.ts';

/** Checks a gradient over the layout; see `oracleGradientError`. */
export function expectOracleGradient(
  gradient: ArrayLike<number>,
  layout: ParameterLayout,
  probes: Probes,
  tolerance: number,
): void {
  expect(oracleGradientError(gradient, layout, probes)).toBeLessThanOrEqual(tolerance);
}
