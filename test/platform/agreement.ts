import * as v from 'valibot';
import { expect } from 'vitest';
import type { Report } from './report.ts';
import { stepTolerances } from './step.ts';

/** For a machine without a GPU that compiles every kernel for the first time, beside other tests. */
export const coldMilliseconds = 300_000;

const stepErrorNames = ['lossError', 'gradientError', 'parameterError', 'momentError'] as const;
const stepErrors = v.object(v.entriesFromList(stepErrorNames, v.number()));
const measured = v.object({
  operation: v.string(),
  variant: v.string(),
  storage: v.picklist(['f32', 'f16']),
  shape: v.string(),
  binding: v.string(),
  error: v.number(),
  tolerance: v.number(),
  repeats: v.boolean(),
});
const reportText = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    adapter: v.string(),
    operations: v.array(measured),
    steps: v.array(stepErrors),
    seconds: v.number(),
  }),
);

/** What `entry.ts` printed. */
export function parseReport(text: string): Report {
  return v.parse(reportText, text);
}

/** Holds a platform to the tolerances of the float64 reference, and to the same bits whenever it computes the same. */
export function expectAgreement({ operations, steps }: Report): void {
  expect(operations.filter(({ error, tolerance }) => error > tolerance)).toEqual([]);
  expect(operations.filter(({ repeats }) => !repeats)).toEqual([]);
  expect(operations.length).toBeGreaterThan(0);
  expect(steps).toHaveLength(2);
  for (const errors of steps) {
    for (const name of stepErrorNames) {
      expect(errors[name], name).toBeLessThan(stepTolerances[name]);
      // An error of exactly nothing would mean that nothing was compared.
      expect(errors[name], name).toBeGreaterThan(0);
    }
  }
}
