import fc from 'fast-check';
import { expect, test } from 'vitest';
import { figuresOf, median, type Observed, ratio } from '../../bench/step/summary.ts';
import { stepTable } from '../../bench/step/table.ts';
import { benchConfig } from '../../bench/step/workload.ts';

const workload = { config: benchConfig, batch: 4, sequence: 128, storage: 'f32' } as const;

/** A contender whose rounds took these milliseconds per step. */
function observed(name: string, ...rounds: number[]): Observed {
  return {
    name,
    adapter: 'none',
    parameters: 1000,
    firstStepSeconds: 0.5,
    firstLoss: 5.5,
    predictedBytes: 4000,
    peakBytes: 2 ** 20,
    turns: rounds.map((milliseconds) => ({
      steps: 10,
      milliseconds: [milliseconds, milliseconds],
      processorMilliseconds: name === 'page' ? null : 1.5 * milliseconds,
      loss: 2,
      submits: 10,
      dispatches: 540,
      peakBytes: 4096,
    })),
  };
}

test('the median has as many values below it as above', () => {
  const values = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values, (sample) => {
      const middle = median(sample);
      expect(sample.filter((value) => value < middle).length).toBeLessThanOrEqual(sample.length / 2);
      expect(sample.filter((value) => value > middle).length).toBeLessThanOrEqual(sample.length / 2);
    }),
  );
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('figures are medians over all blocks, and counts are per step', () => {
  expect(figuresOf(observed('tapestry', 50, 64, 80), workload)).toMatchObject({
    contender: 'tapestry',
    tokensPerSecond: 8000,
    msPerStep: 64,
    bestMsPerStep: 50,
    processorMsPerStep: 96,
    submits: 1,
    dispatches: 54,
    lastLoss: 2,
    gpuBytes: 4096,
    predictedBytes: 4000,
  });
  expect(figuresOf(observed('page', 50), workload).processorMsPerStep).toBeNull();
});

test('a round in which the machine is slow for all contenders does not change the ratio', () => {
  const [own, peer] = [observed('tapestry', 50, 50, 50), observed('peer', 100, 100, 100)];
  expect(ratio(own, peer)).toBe(2);
  expect(ratio(observed('tapestry', 50, 500, 50), observed('peer', 100, 1000, 100))).toBe(2);
});

test('a table has a head and a line for each contender, all of the same length', () => {
  const figures = [observed('tapestry', 64), observed('jax-js-webgpu', 640)].map((each) =>
    figuresOf(each, workload),
  );
  const lines = stepTable(figures, { 'jax-js-webgpu': 10 });
  expect(lines).toHaveLength(3);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines[1]).toMatch(/^tapestry +8.00k +64\.0 +64\.0 +96\.0 +54 +1 /);
  expect(lines[2]).toMatch(/^jax-js-webgpu +800 +10\.00 /);
});
