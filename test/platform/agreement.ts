import * as v from 'valibot';
import { expect } from 'vitest';
import type { Report } from './report.ts';
import { stepTolerances } from './step.ts';

const stepErrorNames = ['lossError', 'gradientError', 'parameterError', 'momentError'] as const;
const storage = v.picklist(['f32', 'f16']);
const step = v.object({
  name: v.string(),
  storage,
  ...v.entriesFromList(stepErrorNames, v.number()),
});
const measured = v.object({
  operation: v.string(),
  variant: v.string(),
  storage,
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
    steps: v.array(step),
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
  expect(steps.length).toBeGreaterThan(0);
  for (const step of steps) {
    for (const name of stepErrorNames) {
      const what = `${step.name}, ${step.storage}: ${name}`;
      expect(step[name], what).toBeLessThan(stepTolerances[step.storage][name]);
      // An error of exactly nothing would mean that nothing was compared.
      expect(step[name], what).toBeGreaterThan(0);
    }
  }
}
