import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStatus, retryDelay } from '../../../apps/ui/status-feed.ts';
import { scriptedStatus } from '../pages/scenarios.ts';

const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now: 1_700_000_000_000 });

test('takes a status and nothing that is only like one', () => {
  expect(parseStatus(JSON.stringify(status))).toEqual(status);
  expect(parseStatus('null')).toBeNull();
  expect(parseStatus('{')).toBeNull();
  expect(parseStatus(JSON.stringify({ ...status, text: 'more' }))).toBeNull();
  expect(parseStatus(JSON.stringify({ ...status, round: { ...status.round, phase: 'other' } }))).toBeNull();
});

test('never throws, whatever the relay says', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseStatus(text)).toBeNull();
    }),
  );
});

test('waits longer after each failure, up to a limit, and never the same for all', () => {
  expect(retryDelay(0, 0)).toBe(250);
  expect(retryDelay(0, 1)).toBe(500);
  expect(retryDelay(3, 1)).toBe(4_000);
  expect(retryDelay(50, 1)).toBe(15_000);
});
