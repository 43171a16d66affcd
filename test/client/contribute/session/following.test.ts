import { expect, test } from 'vitest';
import { mostFollowed } from '../../../../client/contribute/session/following.ts';
import { newSession } from '../../../../client/contribute/session/state.ts';
import { NodeState } from '../../../../relay/wire/tapestry_pb.js';
import { kinds, roundOf, unreachable } from './given.ts';
import { SlowNode } from './slow-node.ts';

test('a node whose work is late twice in a row follows, then tries one round, and follows twice as long each time', () => {
  const node = new SlowNode();
  // It joined in the middle of the first round, which therefore does not count.
  expect(node.rounds(3)).toEqual([true, true, true]);
  expect(node.rounds(3)).toEqual([false, false, true]);
  expect(node.rounds(5)).toEqual([false, false, false, false, true]);
  const later = node.rounds(60).map((trains) => (trains ? 'x' : '.'));
  expect(later.join('').split('x').slice(0, 3)).toEqual(
    [8, mostFollowed, mostFollowed].map((n) => '.'.repeat(n)),
  );
});

test('it is told why, in numbers, and stops what it does', () => {
  const node = new SlowNode();
  node.rounds(2);
  node.open();
  node.effects.length = 0;
  node.close();
  expect(kinds(node.effects)).toEqual(['committed', 'conclude', 'dropped', 'follow']);
  expect(node.effects.at(-1)).toEqual({
    kind: 'follow',
    round: 3,
    was: 'training',
    localSteps: 5,
    rounds: 2,
  });
  node.effects.length = 0;
  node.rounds(1);
  // A round that it only follows is no round that it drops.
  expect(kinds(node.effects)).toEqual(['sync', 'committed']);
});

test('what it was still at is said: fetching, training or sending', () => {
  const fetching = new SlowNode();
  fetching.rounds(2);
  fetching.round++;
  fetching.hear({ kind: 'opened', round: roundOf(3) });
  fetching.close();
  expect(fetching.effects.at(-1)).toMatchObject({ kind: 'follow', was: 'syncing' });
  const sending = new SlowNode();
  sending.rounds(2);
  sending.open();
  sending.hear({ kind: 'trained', job: sending.session.job, payload: 'p' });
  sending.close();
  expect(sending.effects.at(-1)).toMatchObject({ kind: 'follow', was: 'sending' });
});

test('its heartbeats say that it follows, so that no round waits for it', () => {
  const node = new SlowNode();
  node.rounds(3);
  expect(node.reports).toBe(NodeState.FOLLOWING);
  node.open();
  expect(node.reports).toBe(NodeState.FOLLOWING);
  node.close();
  node.rounds(1);
  node.open();
  expect(node.reports).toBe(NodeState.TRAINING);
});

test('a contribution that counts begins the count again', () => {
  const node = new SlowNode();
  node.rounds(2);
  node.inTime();
  expect(node.rounds(2)).toEqual([true, true]);
  expect(node.rounds(2)).toEqual([false, false]);
  node.inTime();
  expect(node.session.standing).toMatchObject({ missed: 0, followed: 0 });
});

test('only its own speed counts: not a round in which it was away, paused or that opens again', () => {
  const away = new SlowNode();
  for (let round = 0; round < 5; round++) {
    expect(away.open()).toBe(true);
    away.hear(
      { kind: 'disconnected', problem: unreachable, jitter: 0 },
      { kind: 'retry' },
      { kind: 'connected' },
    );
    away.hear({ kind: 'welcomed', round: away.round, base: `base ${away.round - 1}` });
    away.hear({ kind: 'opened', round: roundOf(away.round) });
    away.close();
  }
  const paused = new SlowNode();
  for (let round = 0; round < 5; round++) {
    expect(paused.open()).toBe(true);
    paused.hear({ kind: 'pause' });
    paused.close();
    paused.hear({ kind: 'resume-work' });
  }
  // Work continues over attempts: in a round that opens again a node of any speed can take part.
  const again = new SlowNode();
  again.rounds(3);
  expect(again.open(2)).toBe(true);
});

test('a node that may work faster takes part at once', () => {
  const node = new SlowNode();
  node.rounds(3);
  expect(node.open()).toBe(false);
  node.hear({ kind: 'faster' });
  node.hear({ kind: 'synced', job: node.session.job });
  expect(node.session.work.kind).toBe('training');
});

test('a relay that is a node of another never only follows', () => {
  const node = new SlowNode({ ...newSession, standing: null });
  expect(node.rounds(20)).not.toContain(false);
});
