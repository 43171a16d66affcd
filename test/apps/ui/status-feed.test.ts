import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsed } from '../../../apps/ui/status-feed.ts';
import { statusChangeSchema, statusHistorySchema, statusSnapshotSchema } from '../../../relay/wire/status.ts';
import { scriptedStatus } from '../../support/pages/scenarios.ts';

const { history, ...facts } = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now: 1_700_000_000_000 });
const snapshot = { sequence: 4, ...facts };

test('accepts what the relay says and refuses anything similar', () => {
  expect(parsed(statusSnapshotSchema, JSON.stringify(snapshot))).toEqual(snapshot);
  const whole = { run: facts.run.id, history };
  expect(parsed(statusHistorySchema, JSON.stringify(whole))).toEqual(whole);
  expect(parsed(statusChangeSchema, JSON.stringify({ sequence: 1, base: facts.base }))).not.toBeNull();
  expect(parsed(statusSnapshotSchema, 'null')).toBeNull();
  expect(parsed(statusSnapshotSchema, '{')).toBeNull();
  expect(parsed(statusSnapshotSchema, JSON.stringify({ ...snapshot, text: 'more' }))).toBeNull();
  const round = { ...facts.round, phase: 'other' };
  expect(parsed(statusSnapshotSchema, JSON.stringify({ ...snapshot, round }))).toBeNull();
  for (const change of [
    {},
    { sequence: 1, progressed: [['id']] },
    { sequence: 1, more: 1 },
    { sequence: -1 },
  ])
    expect(parsed(statusChangeSchema, JSON.stringify(change))).toBeNull();
});

test('never throws on any answer of the relay', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parsed(statusSnapshotSchema, text)).toBeNull();
    }),
  );
});
