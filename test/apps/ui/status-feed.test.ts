import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStatus, withHistory } from '../../../apps/ui/status-feed.ts';
import { scriptedStatus } from '../pages/scenarios.ts';

const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now: 1_700_000_000_000 });

test('accepts a status and refuses anything similar', () => {
  expect(parseStatus(JSON.stringify(status))).toEqual(status);
  expect(parseStatus('null')).toBeNull();
  expect(parseStatus('{')).toBeNull();
  expect(parseStatus(JSON.stringify({ ...status, text: 'more' }))).toBeNull();
  expect(parseStatus(JSON.stringify({ ...status, round: { ...status.round, phase: 'other' } }))).toBeNull();
});

test('never throws on any answer of the relay', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseStatus(text)).toBeNull();
    }),
  );
});

test('a history grows by what is new, and a status that misses rounds is not taken', () => {
  const later = scriptedStatus({ rounds: 20, done: 9, nodes: 3, now: 1_700_000_000_000 });
  const news = { ...later, historyAfter: 7, history: later.history.slice(7) };
  const known = { ...later, history: later.history.slice(0, 7) };
  expect(withHistory(known, news)).toEqual(later);
  expect(withHistory(later, news)).toEqual(later);
  expect(withHistory(known, later)).toEqual(later);
  expect(withHistory(null, news)).toBeNull();
  expect(withHistory({ ...known, history: known.history.slice(0, 6) }, news)).toBeNull();
  const other = { ...known, run: { ...known.run, id: '00'.repeat(32) } };
  expect(withHistory(other, news)).toBeNull();
});
