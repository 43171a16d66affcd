import { expect, test } from 'vitest';
import { atRest, reduceProgress, started } from '../../../../apps/contribute/contribute-view.ts';
import type { WorkerEvent } from '../../../../apps/contribute/worker/worker-api.ts';
import { scriptedEvents } from '../../../support/pages/scripted-events.ts';

const fold = (events: readonly WorkerEvent[]) => events.reduce(reduceProgress, started(atRest));
const open = scriptedEvents(1).slice(0, 2);
const round = { event: 'round', round: 3, base: 'ab', steps: 50, heldOutLoss: 2 } as const;
const step = { event: 'step', round: 3, steps: 50, tokens: 512, loss: 2, tokensPerSecond: 9 } as const;

test('a round that goes on after a reload counts on from its step, and says so until it is contributed', () => {
  const resumed = fold([...open, round, { event: 'round-resumed', round: 3, step: 20, steps: 50 }]);
  expect(resumed).toMatchObject({ activity: 'training', round: 3, step: 20, steps: 50 });
  expect(resumed.notices).toMatchObject([
    { tone: 'note', text: expect.stringContaining('Round 3 goes on after step 20') },
  ]);
  const on = reduceProgress(resumed, { ...step, step: 23 });
  // Only the steps of this page's own work count.
  expect(on.localSteps - resumed.localSteps).toBe(3);
  expect(on.notices).toEqual(resumed.notices);
  const facts = { payload: 'cd', payloadBytes: 9, steps: 50, tokens: 512, trainingLoss: 2, heldOutLoss: 2 };
  const sent: WorkerEvent = {
    event: 'contribution',
    ...{ round: 3, base: 'ab', norm: 1, ...facts, part: 'whole' },
  };
  expect(reduceProgress(on, sent).notices).toEqual([]);
});

test('a stored round that is over, or cannot be used, is said; one that cannot be stored is said until it can', () => {
  expect(fold([...open, { event: 'round-returned', round: 2, steps: 7 }]).notices).toMatchObject([
    { tone: 'note', text: expect.stringContaining('its 7 steps learned') },
  ]);
  expect(fold([...open, { event: 'round-lost', reason: 'checkpoint.damaged' }]).notices).toMatchObject([
    { tone: 'warn', text: expect.stringContaining('(checkpoint.damaged)') },
  ]);
  const failed: WorkerEvent = { event: 'snapshot-failed', round: 3, reason: 'disk.full' };
  const full = fold([...open, round, failed, failed]);
  expect(full.notices).toMatchObject([{ tone: 'warn', times: 2, next: expect.stringContaining('space') }]);
  const stored: WorkerEvent = { event: 'snapshot', round: 3, step: 9, bytes: 1, milliseconds: 1 };
  expect(reduceProgress(full, stored).notices).toEqual([]);
});
