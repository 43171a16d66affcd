import { expect, test } from 'vitest';
import { lossOfRun, meanHeldOut, nationLine } from '../../../apps/ui/series.ts';
import { scriptedStatus } from '../pages/scenarios.ts';

const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, nationCount: 5, now: 0 });

test('draws training loss and each nation that was ever measured', () => {
  const silent = {
    ...status,
    history: status.history.map((row) => ({ ...row, heldOutLoss: [2, null, null, 3, null] })),
  };
  const chart = lossOfRun(silent);
  expect(chart.x).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(chart.series.map(({ label }) => label)).toEqual(['Training, all nodes', 'Romance', 'Slavic']);
  for (const line of chart.series) expect(line.values).toHaveLength(7);
});

test('sixteen nations look different without colour too', () => {
  const looks = Array.from({ length: 16 }, (_, index) => nationLine(index));
  const uncoloured = looks.map(({ dash, marker }) => JSON.stringify({ dash, marker }));
  expect(new Set(uncoloured).size).toBe(16);
});

test('averages the held-out losses that are known', () => {
  const [row] = status.history;
  if (row === undefined) throw new Error('the scenario has rounds');
  expect(meanHeldOut({ ...row, heldOutLoss: [2, null, 4] })).toBe(3);
  expect(meanHeldOut({ ...row, heldOutLoss: [null] })).toBeNull();
  expect(meanHeldOut(undefined)).toBeNull();
});
