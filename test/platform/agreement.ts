import { expect } from 'vitest';
import { stepTolerances } from './step.ts';

/** For a machine without a GPU that compiles every kernel for the first time, beside other tests. */
export const coldMilliseconds = 300_000;

/** Holds what `entry.ts` reported, a head tied and one apart, to the tolerances of the float64 reference. */
export function expectAgreement(reported: unknown): void {
  expect(reported).toHaveLength(2);
  for (const errors of Array.isArray(reported) ? reported : []) {
    for (const [name, most] of Object.entries(stepTolerances)) {
      expect(errors, name).toHaveProperty(name, expect.any(Number));
      expect(errors[name], name).toBeLessThan(most);
      // An error of exactly nothing would mean that nothing was compared.
      expect(errors[name], name).toBeGreaterThan(0);
    }
  }
}
