import { describe, expect, test } from 'vitest';
import {
  atRest,
  launchSteps,
  reduceProgress,
  started,
  stateOf,
} from '../../../apps/contribute/contribute-view.ts';
import { leastHeld } from '../../../apps/contribute/controller.ts';
import type { WorkerEvent } from '../../../apps/contribute/worker/worker-api.ts';
import { ownTotals, rankOf } from '../../../apps/contribute/yours.tsx';
import { messages } from '../../../apps/ui/messages.ts';
import { scriptedStatus } from '../../support/pages/scenarios.ts';
import { scriptedEvents } from '../../support/pages/scripted-events.ts';

const fold = (events: readonly WorkerEvent[]) => events.reduce(reduceProgress, started(atRest));

test('counts accepted contributions only', () => {
  const progress = fold(scriptedEvents(3));
  expect(progress.contributions).toBe(3);
  expect(progress.tokens).toBe(3 * 50 * 512);
  expect(progress).toMatchObject({ round: 4, step: 23, steps: 50, rounds: 20, localSteps: 173 });
  expect(progress.node).toBe('cdcdcdcdcdcdcdcd');
  expect(stateOf(progress)).toBe('training');
});

test('shows what became of the last contribution, and says so when it was left out', () => {
  const progress = fold(scriptedEvents(2));
  expect(progress.fate).toEqual({ outcome: 'scaled', share: 0.976, weight: 0.25 });
  expect(progress.notices).toEqual([]);
  const commit = { event: 'committed', base: 'ab', contributions: 3, tokens: 1 } as const;
  const left = reduceProgress(progress, {
    ...commit,
    round: 3,
    fate: { outcome: 'left-out', share: 0, weight: 0 },
  });
  expect(left.fate).toEqual({ outcome: 'left-out', share: 0, weight: 0 });
  expect(left.notices).toMatchObject([{ text: expect.stringContaining('left out'), tone: 'warn' }]);
  // A round without a contribution of this node changes nothing.
  expect(reduceProgress(left, { ...commit, round: 4, fate: null }).fate).toBe(left.fate);
  // The scaled ones count, the one that was left out does not.
  expect([progress.counted, left.counted]).toEqual([2, 2]);
});

test("shows the node's activity in one word", () => {
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

test('says in numbers why a device that is too slow only follows, until it trains again', () => {
  const facts = { event: 'following', round: 3, steps: 4, localSteps: 50, rounds: 2 } as const;
  const follows = fold([
    ...scriptedEvents(1),
    { event: 'dropped', round: 3, reason: 'closed' },
    { ...facts, was: 'training' },
  ]);
  expect(stateOf(follows)).toBe('following');
  expect(follows.notices.map(({ text }) => text)).toEqual([
    'Round 3 closed when this device had done 4 of 50 steps. It now only follows the run, and takes part again after 2 rounds.',
  ]);
  const later = fold([...scriptedEvents(1), { ...facts, was: 'sending' }]);
  expect(later.notices[0]?.text).toContain('had done 4 steps and was still sending');
  const fetched = [
    { event: 'syncing', round: 4, base: 'ab' },
    { event: 'synced', round: 4, base: 'ab', bytes: 10, milliseconds: 1 },
    { event: 'committed', round: 4, base: 'cd', contributions: 1, tokens: 1, fate: null },
  ] as const;
  expect(fetched.map((_, i) => stateOf(fetched.slice(0, i + 1).reduce(reduceProgress, follows)))).toEqual([
    'following',
    'following',
    'following',
  ]);
  const again = [{ event: 'round', round: 6, base: 'ef', steps: 50, heldOutLoss: 3 } as const].reduce(
    reduceProgress,
    follows,
  );
  expect([stateOf(again), again.notices]).toEqual(['training', []]);
});

test('shows the failure in either order of the failure and leave events', () => {
  const left: WorkerEvent = { event: 'left', reason: 'failed', contributions: 0, tokens: 0 };
  const failure = { code: 'relay.bad-token', message: 'No.', next: 'Ask.', evidence: [] };
  const failed: WorkerEvent = { event: 'failed', ...failure };
  for (const order of [
    [left, failed],
    [failed, left],
  ]) {
    const progress = fold(order);
    expect(stateOf(progress)).toBe('failed');
    expect(progress.failure).toEqual(failure);
  }
});

test('shows a lost connection until the node is back, and not as a notice', () => {
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
  const { code, message, next } = retry;
  expect(lost.retry).toEqual({ attempt: 2, milliseconds: 3_000, code, message, next });
  expect(lost.notices).toEqual([]);
  const [, joined] = scriptedEvents(1);
  if (joined === undefined) throw new Error('the script joins');
  expect(reduceProgress(lost, joined).retry).toBeNull();
});

test('names the step of the start that is in progress, in order, and none once the node has trained', () => {
  const events = scriptedEvents(1);
  const seen: unknown[] = [];
  let progress = started(atRest);
  for (const event of [{ event: 'fresh', reason: 'state.unreadable' } as const, ...events]) {
    progress = reduceProgress(progress, event);
    if (seen.at(-1) !== progress.launch) seen.push(progress.launch);
  }
  expect(seen).toEqual([...launchSteps, null]);
  const joined = events.slice(0, 2);
  expect(stateOf(fold(joined))).toBe('compiling');
  // A second connection of the same process opens no model again.
  expect(stateOf(fold([...events, ...joined]))).toBe('waiting');
});

describe('notices', () => {
  const late: WorkerEvent = { event: 'dropped', round: 4, reason: 'closed' };
  const lost: WorkerEvent = { event: 'device-lost', round: 4, step: 9, reason: 'gone' };
  const acknowledged: WorkerEvent = {
    event: 'acknowledged',
    round: 5,
    payload: 'ab',
    tokens: 1,
    sequence: 5,
  };
  const merged = { event: 'committed', base: 'ab', contributions: 3, tokens: 1 } as const;

  test('of one kind are one, which counts them and names the latest round', () => {
    const { notices } = fold([
      ...scriptedEvents(1),
      late,
      lost,
      { ...late, round: 5 },
      { ...late, round: 6 },
    ]);
    expect(notices.map(({ kind, times }) => [kind, times])).toEqual([
      ['device-lost', 1],
      ['late', 3],
    ]);
    expect(notices[1]?.text).toContain('round 6');
  });

  test('end when their cause has ended', () => {
    const before = [...scriptedEvents(1), late, lost];
    const kinds = (events: readonly WorkerEvent[]) => fold(events).notices.map(({ kind }) => kind);
    expect(kinds([...before, acknowledged])).toEqual(['device-lost']);
    const contribution = scriptedEvents(1).find(({ event }) => event === 'contribution');
    if (contribution === undefined) throw new Error('the script contributes');
    expect(kinds([...before, contribution])).toEqual(['late']);
    const leftOut = { ...merged, round: 5, fate: { outcome: 'left-out', share: 0, weight: 0 } } as const;
    const abandoned = { event: 'abandoned', round: 5 } as const;
    expect(kinds([leftOut, abandoned])).toEqual(['left-out', 'abandoned']);
    expect(kinds([leftOut, abandoned, { ...merged, round: 6, fate: null }])).toEqual(['left-out']);
    const included = { outcome: 'included', share: 1, weight: 0.5 } as const;
    expect(kinds([leftOut, abandoned, { ...merged, round: 6, fate: included }])).toEqual([]);
  });

  test('about different problems of files remain apart', () => {
    const problem = { event: 'file-problem', code: 'corpus.empty', next: 'Leave it out.' } as const;
    const { notices } = fold(['a', 'b', 'a'].map((message) => ({ ...problem, message })));
    expect(notices.map(({ text, times, tone }) => [text, times, tone])).toEqual([
      ['b', 1, 'bad'],
      ['a', 2, 'bad'],
    ]);
  });
});

test('reports a round dropped for values that are not finite, and a state continued with other kernels', () => {
  const words = messages.contribute;
  const dropped: WorkerEvent = { event: 'dropped', round: 7, reason: 'not-finite' };
  const changed: WorkerEvent = { event: 'kernels-changed', adapter: 'a card', change: 'adapter' };
  const { notices, activity } = fold([...scriptedEvents(1), changed, dropped]);
  expect(notices.map(({ text }) => text)).toEqual([words.kernelsChanged, words.notFinite(7)]);
  expect(activity).toBe('waiting');
});

test.each([40, 1000])(
  'keeps both loss curves of %i rounds, with a bounded number of points spread over the session',
  (rounds) => {
    const progress = fold(scriptedEvents(rounds));
    expect(progress.localSteps).toBe(50 * rounds + 23);
    expect(progress.loss.length).toBeLessThanOrEqual(400);
    const steps = progress.loss.map(({ step }) => step);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    for (const curve of ['training', 'heldOut'] as const) {
      const drawn = progress.loss.filter((point) => point[curve] !== null).map(({ step }) => step);
      expect(drawn.length).toBeGreaterThanOrEqual(Math.min(rounds + 1, 150));
      expect(drawn[0]).toBeLessThanOrEqual(1);
      expect(drawn.at(-1)).toBeGreaterThanOrEqual(50 * rounds);
      const widest = Math.max(...drawn.slice(1).map((step, i) => step - (drawn[i] ?? 0)));
      expect(widest).toBeLessThan(Math.max(51, progress.localSteps / 30));
    }
  },
);

test("shows the larger of the relay's and the page's counts for this node", () => {
  const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now: 0 });
  const known = status.nodes[0];
  if (known === undefined) throw new Error('the scenario has nodes');
  expect(ownTotals({ ...atRest, node: known.id, tokens: 1 }, status).tokens).toBe(known.tokens);
  expect(ownTotals({ ...atRest, tokens: 99 }, null)).toEqual({
    tokens: 99,
    contributions: 0,
    runTokens: 99,
    rank: null,
    nodes: 0,
  });
  const nodes = [5, 9, 5, 0].map((tokens) => ({ ...known, tokens }));
  expect(nodes.map((node) => rankOf(node, nodes))).toEqual([2, 1, 2, null]);
});

test('offers newcomers the corpus that the fewest hold', () => {
  expect(leastHeld(['Romance', 'Germanic', 'Bantu'], ['Romance', 'Germanic', null])).toBe('Bantu');
  expect(leastHeld(['Romance', 'Germanic'], [])).toBe('Romance');
  expect(leastHeld([], ['Romance'])).toBe('');
});
