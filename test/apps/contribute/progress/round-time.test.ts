import { expect, test } from 'vitest';
import { atRest, type ContributeView } from '../../../../apps/contribute/contribute-view.ts';
import { endsOf, roundMilliseconds } from '../../../../apps/contribute/progress/round-time.ts';
import { runPace } from '../../../../apps/ui/time/run-pace.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';

const now = 1_700_000_000_000;
/** 50 steps of 500 tokens at 1,000 tokens a second: 25 s a round, 10 of them left. */
const view: ContributeView = {
  ...atRest,
  activity: 'training',
  round: 8,
  rounds: 20,
  step: 30,
  steps: 50,
  tokensPerStep: 500,
  tokensPerSecond: 1_000,
};

test('the round ends after its steps left at the measured speed, and further rounds last as long as the latest', () => {
  // The scripted rounds commit once a minute; the deadline is 42 s from now.
  const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now });
  expect(roundMilliseconds(view)).toBe(25_000);
  expect(runPace(status)).toBe(60_000);
  expect(endsOf(view, status, now)).toEqual({
    round: now + 10_000,
    run: now + 10_000 + 12 * 60_000,
    isCutOff: false,
  });
});

test('before any round has committed, further rounds last as long as this device takes', () => {
  const first = { ...view, round: 1 };
  expect(endsOf(first, null, now).run).toBe(now + 10_000 + 19 * 25_000);
});

test('the deadline counts only where it ends the round, and only the deadline of the same round', () => {
  const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now });
  const slow = { ...view, tokensPerSecond: 100 };
  expect(endsOf(slow, status, now)).toMatchObject({ round: now + 42_000, isCutOff: true });
  const next = { ...slow, round: 9 };
  expect(endsOf(next, status, now)).toMatchObject({ round: now + 100_000, isCutOff: false });
});

test('one long break does not change the pace', () => {
  const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now });
  const history = status.history.map((each, index) =>
    index < 4 ? { ...each, committedAt: each.committedAt - 3_600_000 } : each,
  );
  expect(runPace({ ...status, history })).toBe(60_000);
});

test.each([
  ['paused', { ...view, paused: true }],
  ['between rounds', { ...view, activity: 'waiting' }],
  ['before the first speed', { ...view, tokensPerSecond: 0 }],
] as const)('no end is told %s', (_, idle) => {
  expect(endsOf(idle, null, now)).toEqual({ round: null, run: null, isCutOff: false });
});
