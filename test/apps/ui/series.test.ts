import { expect, test } from 'vitest';
import { corpusLine, heldOutMeans, lossOfRun } from '../../../apps/ui/run-loss.ts';
import { lossRange } from '../../../apps/ui/series.ts';
import { scriptedStatus } from '../../support/pages/scenarios.ts';

const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, corpusCount: 5, now: 0 });

test('draws the training loss and each corpus that was measured in any round', () => {
  const silent = {
    ...status,
    history: status.history.map((row) => ({ ...row, heldOutLoss: [2, null, null, 3, null] })),
  };
  const chart = lossOfRun(silent);
  expect(chart.x).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(chart.series.map(({ label }) => label)).toEqual(['Training, all nodes', 'Romance', 'Slavic']);
  for (const line of chart.series) expect(line.values).toHaveLength(7);
});

test('one line of false losses does not press the others flat', () => {
  const line = (values: (number | null)[]) => ({ ...corpusLine(0), label: '', values });
  const honest = [line([5.5, 3, 2]), line([5.4, 3.1, null])];
  expect(lossRange({ x: [1, 2, 3], series: honest })).toEqual([2, 5.5]);
  const [low, high] = lossRange({ x: [1, 2, 3], series: [...honest, line([80, 80, null])] });
  expect([low, high < 9]).toEqual([2, true]);
  expect(lossRange({ x: [], series: [] })).toEqual([0, 1]);
});

test('the relay’s own measurement has a line where the run has a guard', () => {
  const labels = (probeLoss: number | null) =>
    lossOfRun({ ...status, history: status.history.map((row) => ({ ...row, probeLoss })) }).series.map(
      ({ label }) => label,
    );
  expect(labels(2)).toContain('Measured by the relay');
  expect(labels(null)).not.toContain('Measured by the relay');
});

test('sixteen corpora differ even without colour', () => {
  const looks = Array.from({ length: 16 }, (_, index) => corpusLine(index));
  const uncoloured = looks.map(({ dash, marker }) => JSON.stringify({ dash, marker }));
  expect(new Set(uncoloured).size).toBe(16);
});

test('compares the first and the last round over the corpora that both know', () => {
  const [row] = status.history;
  if (row === undefined) throw new Error('the scenario has rounds');
  const rounds = (...losses: (number | null)[][]) => losses.map((heldOutLoss) => ({ ...row, heldOutLoss }));
  expect(heldOutMeans(rounds([2, null, 4], [9, 9, 9], [1, 50, 2]))).toEqual([3, 1.5]);
  expect(heldOutMeans(rounds([5, 4], [1, null]))).toEqual([5, 1]);
  expect(heldOutMeans(rounds([null, 1], [1, null]))).toEqual([Number.NaN, Number.NaN]);
  expect(heldOutMeans([])).toEqual([Number.NaN, Number.NaN]);
});
