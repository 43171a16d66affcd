import { expect, test } from 'vitest';
import { bytes, quantity, statusTable } from '../../../../apps/cli/terminal/table.ts';
import { hash, status } from './status.ts';

test('a table has the round, the totals and a row for each node, in columns', () => {
  const [round, totals, heading, first, second, ...more] = statusTable(status, 1000);
  expect(round).toContain('round 4/20');
  expect(round).toContain('1 of 3 contributions, at most 60 s left');
  expect(totals).toBe('base of round 3, 61.4k tokens, 1.02k tokens/s reported, 3.15 MB up, 1.02 kB down');
  expect(first).toMatch(/^Romance\s+training\s+3\/10\s+30.7k\s+512\s+2.500\s+-\s+1.57 MB\s+512 B\s+node$/);
  expect(second).toMatch(/^- {6,}\s*training .* 3\.250 .* browser$/);
  expect(more).toEqual(['steps, tokens, tokens/s, losses and downloads as the nodes report them']);
  expect(first?.indexOf('training')).toBe(second?.indexOf('training'));
  expect(heading).toContain('held out');
});

test('the relay’s own measurement comes before what nodes report', () => {
  const row = {
    round: 3,
    contributions: 1,
    excluded: 0,
    tokens: 1,
    trainingLoss: 9,
    heldOutLoss: [],
    committedAt: 1,
  };
  const history = [{ ...row, probeLoss: 2.5, base: hash }];
  expect(statusTable({ ...status, history }, 1000)[1]).toMatch(
    /^loss 2\.500 measured by the relay; base of round 3/,
  );
});

test('a base of an upstream relay is said to be one', () => {
  const line = (upstream: NonNullable<typeof status.base.upstream>) =>
    statusTable({ ...status, base: { ...status.base, upstream } }, 1000)[2];
  const run = 'b'.repeat(64);
  expect(line({ run, state: 'following', round: 7 })).toBe(
    'follows the upstream run bbbbbbbbbbbbbbbb: its base of round 7 was adopted last',
  );
  expect(line({ run, state: 'alone', round: 0 })).toBe(
    'works without the upstream run bbbbbbbbbbbbbbbb: no base adopted from it yet',
  );
});

test('who evaluates, how many scores came and how long others are waited for has a line', () => {
  const ids = ['a', 'b', 'c'].map((digit) => digit.repeat(16));
  const run = { ...status.run, evaluators: { ids, quorum: 2 } };
  const line = (evaluation: NonNullable<typeof status.evaluation>) =>
    statusTable({ ...status, run, evaluation }, 1000)[2];
  expect(line({ round: 4, scores: 1, deadlineAt: 13_000, states: 'shq' })).toBe(
    'evaluators: 2 of 3 here, 2 decide; round 4: 1 scored, waits at most 12 s for the others',
  );
  expect(line({ round: null, scores: 0, deadlineAt: null, states: 'uuu' })).toBe(
    'evaluators: 0 of 3 here, 2 decide; no round has closed yet',
  );
});

test('numbers are printed in short form', () => {
  expect([0, 999, 1000, 1_234_567, 2e9].map(quantity)).toEqual(['0', '999', '1.00k', '1.23M', '2.00G']);
  expect([0, 999, 1000, 999_499, 999_500, 5.256e9, 5e16].map(bytes)).toEqual([
    '0 B',
    '999 B',
    '1 kB',
    '999 kB',
    '1 MB',
    '5.26 GB',
    '50 PB',
  ]);
});
