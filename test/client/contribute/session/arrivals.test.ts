import { expect, test } from 'vitest';
import { advance } from '../../../../client/contribute/session/session.ts';
import type { Effect, Round, Session, SessionEvent } from '../../../../client/contribute/session/state.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { given, kinds, unreachable } from './given.ts';

/** A run with arrivals that takes work of up to three rounds before. */
const roundOf = (round: number, attempt = 1): Round => ({
  ...{ round, attempt, base: `base ${round - 1}` },
  ...{ localSteps: 5, normBound: 1 },
});
const welcomed = (round: number): SessionEvent => ({
  ...{ kind: 'welcomed', round, base: `base ${round - 1}`, staleness: 3 },
});
const opened = (round: number, attempt = 1): SessionEvent => ({
  kind: 'opened',
  round: roundOf(round, attempt),
});
const committed = (round: number): SessionEvent => ({
  ...{ kind: 'committed', round, base: `base ${round}` },
  ...{ contributions: 1, tokens: 10, fate: null },
});
const refused = (code: RefusalCode): SessionEvent => ({ kind: 'refused', code, round: 3, jitter: 0 });
const receipt = (round: number, attempt = 1): SessionEvent => ({
  ...{ kind: 'acknowledged', payload: 'p', sequence: 9 },
  counts: { round, attempt },
});

const training: SessionEvent[] = [
  ...([{ kind: 'start' }, { kind: 'connected' }, welcomed(1)] satisfies SessionEvent[]),
  ...([opened(1), { kind: 'synced', job: 1 }] satisfies SessionEvent[]),
];
const trained: SessionEvent = { kind: 'trained', job: 1, payload: 'p' };
const uploading: SessionEvent[] = [...training, trained, { kind: 'resume', payload: 'p', offset: 0 }];

test('a node goes on with its work while other rounds open and commit, and offers it in a later one', () => {
  const { session } = given(...training, committed(1), opened(2), committed(2), opened(3));
  expect(session.work).toEqual({ kind: 'training', round: roundOf(1) });
  const ready = given(...training, committed(1), trained);
  // Between two rounds it waits.
  expect(ready.session.work.kind).toBe('ready');
  expect(kinds(given(...training, committed(1), trained, opened(2)).effects)).toEqual(['offer']);
  expect(given(...training, committed(1), trained, opened(2)).session.work).toMatchObject({
    round: roundOf(1),
  });
});

test('work that is too old returns to the error feedback, and the node begins from the newest base', () => {
  const events = [1, 2, 3].flatMap((round) => [committed(round), opened(round + 1)]);
  expect(given(...training, ...events).session.work.kind).toBe('training');
  const late = given(...training, ...events, committed(4));
  expect(kinds(late.effects)).toEqual(['committed', 'conclude', 'dropped']);
  const next = given(...training, ...events, committed(4), opened(5));
  expect(next.effects).toEqual([{ kind: 'sync', job: 3, round: roundOf(5) }]);
});

test('an upload goes on over commits and abandoned attempts', () => {
  for (const events of [
    [committed(1), opened(2)],
    [committed(1), opened(2), { kind: 'abandoned', round: 2 }, opened(2, 2)],
  ] satisfies SessionEvent[][]) {
    const { session, effects } = given(...uploading, ...events);
    expect(session.work).toMatchObject({ kind: 'uploading', round: roundOf(1) });
    expect(effects).toEqual([]);
  }
});

test('a contribution is final with the commit of the round in which it counts, and then the node begins anew', () => {
  const accepted = given(...uploading, committed(1), opened(2), receipt(2));
  expect(kinds(accepted.effects)).toEqual(['accept']);
  const final = given(...uploading, committed(1), opened(2), receipt(2), committed(2));
  expect(kinds(final.effects)).toEqual(['committed', 'settle']);
  const next = given(...uploading, committed(1), opened(2), receipt(2), committed(2), opened(3));
  expect(next.effects).toEqual([{ kind: 'sync', job: 2, round: roundOf(3) }]);
});

test('a receipt that comes after the commit, or after the next opening, settles at once', () => {
  const after = given(...uploading, committed(1), receipt(1));
  expect(kinds(after.effects)).toEqual(['accept', 'settle']);
  const later = given(...uploading, committed(1), opened(2), receipt(1));
  expect(kinds(later.effects)).toEqual(['accept', 'settle', 'sync']);
  // So does the answer that the relay has it already.
  const again = given(...uploading, committed(1), opened(2), refused(RefusalCode.DUPLICATE));
  expect(kinds(again.effects)).toEqual(['refused', 'accept', 'settle', 'sync']);
});

test('what the relay refuses returns to the error feedback, and the node begins at once from the open round', () => {
  const { session, effects } = given(
    ...[...uploading, committed(1), opened(2)],
    refused(RefusalCode.STALE_BASE),
  );
  expect(kinds(effects)).toEqual(['refused', 'discard', 'dropped', 'sync']);
  expect(session.work).toEqual({ kind: 'syncing', round: roundOf(2) });
  // Its own round, from whose base it began, has nothing more to begin with.
  const same = given(...uploading, refused(RefusalCode.NORM_EXCEEDED));
  expect(kinds(same.effects)).toEqual(['refused', 'discard', 'dropped']);
});

test('if the guard does not allow the base, the node offers again, is told so, and trains again', () => {
  const judged: SessionEvent[] = [
    ...uploading,
    ...([committed(1), opened(2), receipt(2), { kind: 'abandoned', round: 2 }] satisfies SessionEvent[]),
  ];
  const again = given(...judged, opened(2, 2));
  expect(kinds(again.effects)).toEqual(['offer']);
  expect(again.session.work).toMatchObject({ round: roundOf(1), again: true });
  const told = given(...judged, opened(2, 2), refused(RefusalCode.GUARD));
  expect(kinds(told.effects)).toEqual(['refused', 'settle', 'sync']);
});

test('a node that lost the relay offers its work when it is back, if it is not too old', () => {
  const lost: SessionEvent[] = [
    ...uploading,
    { kind: 'disconnected', problem: unreachable, jitter: 0 },
    ...([{ kind: 'retry' }, { kind: 'connected' }] satisfies SessionEvent[]),
  ];
  expect(kinds(given(...lost, welcomed(4), opened(4)).effects)).toEqual(['offer']);
  // The relay may have accepted it before the connection broke.
  expect(kinds(given(...lost, welcomed(5)).effects)).toEqual(['offer']);
  const stale: SessionEvent = { kind: 'refused', code: RefusalCode.STALE_BASE, round: 5, jitter: 0 };
  expect(kinds(given(...lost, welcomed(5), stale).effects)).toEqual(['refused', 'discard', 'dropped']);
});

test('a node that only follows fetches the base of the round that opened while it fetched the one before', () => {
  const joined = given({ kind: 'start' }, { kind: 'connected' }, welcomed(1)).session;
  let session: Session = {
    ...joined,
    standing: { missed: 2, follows: 4, followed: 4, fromOpening: false },
  };
  let effects: readonly Effect[] = [];
  const after = (...events: SessionEvent[]) => {
    for (const event of events) [session, effects] = advance(session, event);
    return effects;
  };
  expect(after(opened(1))).toEqual([{ kind: 'sync', job: 1, round: roundOf(1) }]);
  // The download goes on meanwhile.
  expect(after(committed(1), opened(2))).toEqual([]);
  expect(after({ kind: 'synced', job: 1 })).toEqual([{ kind: 'sync', job: 2, round: roundOf(2) }]);
  expect(after({ kind: 'synced', job: 2 })).toEqual([]);
  expect(session.work.kind).toBe('idle');
});
