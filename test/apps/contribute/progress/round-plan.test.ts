import { expect, test } from 'vitest';
import { atRest, reduceProgress, started } from '../../../../apps/contribute/contribute-view.ts';
import type { WorkerEvent } from '../../../../apps/contribute/worker/worker-api.ts';
import type { PartReason } from '../../../../client/contribute/events.ts';

const fold = (...events: WorkerEvent[]) => events.reduce(reduceProgress, started(atRest)).notices;

const plan = (tooShort: boolean): WorkerEvent => ({
  event: 'plan',
  round: 2,
  ...{ plannedMilliseconds: 3000, leftMilliseconds: 3000, graceMilliseconds: 1000 },
  ...{ trainingMilliseconds: 4100, uploadMilliseconds: 2000, tooShort },
});
const part = (name: 'whole' | 'upper', why: PartReason): WorkerEvent => ({
  ...{ event: 'part', round: 2, part: name, layers: 1, of: 4, why },
});
const time: PartReason = {
  ...{ kind: 'time', trainingMilliseconds: 4100, uploadMilliseconds: 2000, lastsMilliseconds: 4000 },
};

test('a round that is too short is said as long as it is', () => {
  expect(fold(plan(true))).toMatchObject([{ kind: 'too-short', tone: 'warn' }]);
  expect(fold(plan(true), plan(false))).toEqual([]);
});

test('a device that trains the upper layers says which, and why in numbers, in place of the warning', () => {
  const [notice, ...others] = fold(plan(true), part('upper', time));
  expect(others).toEqual([]);
  expect(notice?.tone).toBe('note');
  expect(notice?.text).toBe(
    'This device trains the upper layers of the model (1 of 4). A round lasts 0:04. For the whole model this device needs 0:05 for ' +
      'its least steps and 0:02 for its upload.',
  );
  expect(notice?.next).toContain('count for these layers');
  // The relay has not measured the part yet.
  expect(fold(part('upper', time), plan(true))).toEqual([notice]);
});

test('it says why without numbers, where there are none, and when it trains the whole model again', () => {
  expect(fold(part('upper', { kind: 'late', rounds: 2 }))[0]?.text).toContain('too late time after time');
  const [memory] = fold(part('upper', { kind: 'memory', bytes: 1e9 }));
  expect(memory?.text).toContain('lacks the memory');
  expect(memory?.next).not.toContain('again');
  for (const why of [time, { kind: 'trial' }] as const)
    expect(fold(part('upper', time), part('whole', why))).toMatchObject([
      { kind: 'whole-model', tone: 'note', text: 'This device trains the whole model again.', next: null },
    ]);
});
