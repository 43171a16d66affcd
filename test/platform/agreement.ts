import * as v from 'valibot';
import { expect } from 'vitest';
import type { AdapterUse, MovedAdapter } from './moves.ts';
import { objectiveTolerance } from './objectives.ts';
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
    objectives: v.array(v.object({ name: v.string(), lossError: v.number(), gradientError: v.number() })),
    seconds: v.number(),
  }),
);
const bytes = v.array(v.number());
const moved = v.object({ config: bytes, weights: bytes });
const uses = v.array(v.object({ logProbabilities: v.array(v.number()), text: v.string() }));

/** The report that a page or Deno gave as JSON. */
export function parseReport(text: string): Report {
  return v.parse(reportText, text);
}

const json = v.pipe(v.string(), v.parseJson());

/** The adapter that a platform trained, given as JSON. */
export const parseAdapter = (text: string): MovedAdapter => v.parse(v.pipe(json, moved), text);

/** What a platform made of adapters, given as JSON. */
export const parseUses = (text: string): AdapterUse[] => v.parse(v.pipe(json, uses), text);

/** Both. */
export const parseMoves = (text: string) => v.parse(v.pipe(json, v.object({ trained: moved, uses })), text);

/** Checks that all platforms make the same of the same adapters, and not the same of different ones. */
export function expectSameUses([first = [], ...others]: readonly (readonly AdapterUse[])[]): void {
  expect(new Set(first.map(({ text }) => text)).size).toBe(first.length);
  for (const uses of others) {
    expect(uses.map(({ text }) => text)).toEqual(first.map(({ text }) => text));
    for (const [i, { logProbabilities }] of first.entries()) {
      const own = uses[i]?.logProbabilities ?? [];
      expect(own).toHaveLength(logProbabilities.length);
      const errors = logProbabilities.map((value, row) => Math.abs(value - (own[row] ?? Number.NaN)));
      expect(Math.max(...errors)).toBeLessThan(1e-5);
    }
  }
}

/** Checks that a platform is within the tolerances of the float64 reference and gives the same bits in each run. */
export function expectAgreement({ operations, steps, objectives }: Report): void {
  expect(operations.filter(({ error, tolerance }) => error > tolerance)).toEqual([]);
  expect(operations.filter(({ repeats }) => !repeats)).toEqual([]);
  expect(objectives.length).toBeGreaterThan(0);
  for (const { name, lossError, gradientError } of objectives) {
    expect(lossError, `loss of ${name}`).toBeLessThan(objectiveTolerance);
    expect(gradientError, `gradient of ${name}`).toBeLessThan(objectiveTolerance);
    expect(gradientError, `gradient of ${name}`).toBeGreaterThan(0);
  }
  expect(operations.length).toBeGreaterThan(0);
  expect(steps.length).toBeGreaterThan(0);
  for (const step of steps) {
    for (const name of stepErrorNames) {
      const what = `${step.name}, ${step.storage}: ${name}`;
      expect(step[name], what).toBeLessThan(stepTolerances[step.storage][name]);
      // An error of exactly 0 would mean that nothing was compared.
      expect(step[name], what).toBeGreaterThan(0);
    }
  }
}
