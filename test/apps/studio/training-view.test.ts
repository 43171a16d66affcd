import { expect, test } from 'vitest';
import {
  begun,
  chartOf,
  figuresOf,
  isBusy,
  reduceTraining,
  type TrainingView,
} from '../../../apps/studio/training-view.ts';
import type { StudioEvent } from '../../../apps/studio/worker/worker-api.ts';

const measured = (step: number, loss: number): StudioEvent => ({
  ...{ event: 'measurement', best: false, stage: 0, step, at: 0 },
  values: { loss, base_loss: 2 },
});
const progress = (step: number): StudioEvent => ({
  ...{ event: 'progress', stage: 0, step, steps: 1000 },
  ...{ loss: 3, tokensPerSecond: 10, secondsLeft: 1 },
});
const after = (...events: StudioEvent[]): TrainingView => events.reduce(reduceTraining, begun);
const stage: StudioEvent = { event: 'stage', stage: 0, kind: 'instruct', steps: 1000 };

test('shows losses before and now, and curves over the steps', () => {
  const view = after(stage, measured(0, 5), progress(1), progress(2), measured(2, 4));
  expect(view).toMatchObject({ state: 'training', step: 2, steps: 1000 });
  expect(figuresOf(view).map(({ before, after }) => [before, after])).toEqual([
    [5, 4],
    [2, 2],
  ]);
  expect(chartOf(view).x).toEqual([0, 1, 2]);
  expect(chartOf(view).series.map(({ values }) => values)).toEqual([
    [null, 3, 3],
    [5, null, 4],
    [2, null, 2],
  ]);
});

test('a build that is resumed shows what was measured before, and repeats no step', () => {
  const { measurements } = after(measured(0, 5), measured(10, 4));
  const view = after({ event: 'earlier', measurements }, stage, progress(12), progress(11), progress(12));
  expect(figuresOf(view)[0]).toMatchObject({ before: 5, after: 4 });
  expect(view.losses.map(({ step }) => step)).toEqual([11, 12]);
});

test('a long build keeps few points, the last among them', () => {
  const { losses } = after(stage, ...Array.from({ length: 3000 }, (_, at) => progress(at + 1)));
  expect(losses.length).toBeLessThanOrEqual(400);
  expect(losses.at(-1)?.step).toBe(3000);
});

test('every end is one in which another build may begin', () => {
  const problem = { code: 'a.b', message: 'It broke.', next: 'Mend it.' };
  expect(isBusy(begun)).toBe(true);
  expect(after(stage, { event: 'built', model: 'm' })).toMatchObject({ state: 'finished', built: 'm' });
  expect(after(stage, { event: 'failed', ...problem })).toMatchObject({ state: 'failed', failure: problem });
  expect(isBusy(after(stage, { event: 'stopped' }))).toBe(false);
});
