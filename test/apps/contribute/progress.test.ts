import { expect, test } from 'vitest';
import { atRest, reduceProgress, started, stateOf } from '../../../apps/contribute/progress.ts';
import { leastHeld } from '../../../apps/contribute/session.ts';
import type { WorkerEvent } from '../../../apps/contribute/worker-api.ts';
import { ownTotals } from '../../../apps/contribute/yours.tsx';
import { messages } from '../../../apps/ui/messages.ts';
import { scriptedStatus } from '../pages/scenarios.ts';
import { scriptedEvents } from '../pages/scripted-events.ts';

const fold = (events: readonly WorkerEvent[]) => events.reduce(reduceProgress, started(atRest));

test('counts what was accepted, and only that', () => {
  const progress = fold(scriptedEvents(3));
  expect(progress.contributions).toBe(3);
  expect(progress.tokens).toBe(3 * 50 * 512);
  expect(progress).toMatchObject({ round: 4, step: 23, steps: 50, rounds: 20, localSteps: 173 });
  expect(progress.node).toBe('cdcdcdcdcdcdcdcd');
  expect(stateOf(progress)).toBe('training');
});

test('says in one word what it does', () => {
  const training = scriptedEvents(1);
  expect(stateOf(atRest)).toBe('ready');
  expect(stateOf(started(atRest))).toBe('starting');
  expect(stateOf(fold([...training, { event: 'paused' }]))).toBe('paused');
  expect(stateOf(fold([...training, { event: 'paused' }, { event: 'resumed' }]))).toBe('training');
  expect(stateOf(fold([...training, { event: 'finishing' }]))).toBe('finishing');
  const left = { event: 'left', contributions: 1, tokens: 1 } as const;
  expect(stateOf(fold([...training, { event: 'finishing' }, { ...left, reason: 'finished' }]))).toBe(
    'finished',
  );
  expect(stateOf(fold([...training, { ...left, reason: 'complete' }]))).toBe('complete');
});

test('shows the failure, in whichever order it and the leaving are told', () => {
  const left: WorkerEvent = { event: 'left', reason: 'failed', contributions: 0, tokens: 0 };
  const failed: WorkerEvent = { event: 'failed', code: 'relay.bad-token', message: 'No.', next: 'Ask.' };
  for (const order of [
    [left, failed],
    [failed, left],
  ]) {
    const progress = fold(order);
    expect(stateOf(progress)).toBe('failed');
    expect(progress.failure).toEqual({ code: 'relay.bad-token', message: 'No.', next: 'Ask.' });
  }
});

test('a lost connection is a notice and a state until the node is back', () => {
  const retry: WorkerEvent = {
    event: 'retry',
    code: 'relay.unreachable',
    message: 'The relay does not answer.',
    next: 'Wait.',
    attempt: 2,
    milliseconds: 3_000,
  };
  const lost = fold([...scriptedEvents(1), retry]);
  expect(stateOf(lost)).toBe('retrying');
  expect(lost.retry).toEqual({ attempt: 2, milliseconds: 3_000 });
  const again = [...scriptedEvents(1), ...Array.from({ length: 9 }, () => retry)];
  expect(fold(again).notices).toHaveLength(1);
  const [, joined] = scriptedEvents(1);
  if (joined === undefined) throw new Error('the script joins');
  expect(reduceProgress(lost, joined).retry).toBeNull();
});

test('says that a round was given up for its numbers, and that other kernels go on with an older state', () => {
  const words = messages.contribute;
  const dropped: WorkerEvent = { event: 'dropped', round: 7, reason: 'not-finite' };
  const changed: WorkerEvent = { event: 'kernels-changed', adapter: 'a card', change: 'adapter' };
  const { notices, activity } = fold([...scriptedEvents(1), changed, dropped]);
  expect(notices.map(({ text }) => text)).toEqual([words.kernelsChanged, words.notFinite(7)]);
  expect(activity).toBe('waiting');
});

test('keeps the loss of a long session drawable, with every held-out value', () => {
  const progress = fold(scriptedEvents(40));
  expect(progress.localSteps).toBe(2_023);
  expect(progress.loss.length).toBeLessThanOrEqual(441);
  expect(progress.loss.filter(({ heldOut }) => heldOut !== null)).toHaveLength(41);
  const steps = progress.loss.map(({ step }) => step);
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
});

test('takes the larger of what the relay and the page know of this node', () => {
  const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now: 0 });
  const known = status.nodes[0];
  if (known === undefined) throw new Error('the scenario has nodes');
  expect(ownTotals({ ...atRest, node: known.id, tokens: 1 }, status).tokens).toBe(known.tokens);
  expect(ownTotals({ ...atRest, tokens: 99 }, null)).toEqual({ tokens: 99, contributions: 0, runTokens: 99 });
});

test('offers newcomers the nation that the fewest hold', () => {
  expect(leastHeld(['Romance', 'Germanic', 'Bantu'], ['Romance', 'Germanic', null])).toBe('Bantu');
  expect(leastHeld(['Romance', 'Germanic'], [])).toBe('Romance');
  expect(leastHeld([], ['Romance'])).toBe('');
});
