import { describe, expect, test } from 'vitest';
import { advance } from '../../../../client/contribute/session/session.ts';
import type { SessionEvent } from '../../../../client/contribute/session/state.ts';
import { GoodbyeReason } from '../../../../relay/wire/tapestry_pb.js';
import { given, joined, kinds, offered, round1, training, unreachable, uploading } from './given.ts';

describe('the person', () => {
  test('pauses and resumes: rounds that open meanwhile wait', () => {
    const paused = given(...joined, { kind: 'pause' }, { kind: 'opened', round: round1 });
    expect(paused.effects).toEqual([]);
    expect(kinds(advance(paused.session, { kind: 'resume-work' })[1])).toEqual([
      'release',
      'resumed',
      'sync',
    ]);
  });

  test('finishes: the current round is settled first', () => {
    for (const before of [training, offered, uploading]) {
      const { session, effects } = given(...before, { kind: 'finish' });
      expect(kinds(effects)).toEqual(['finishing']);
      expect(session.ended).toBe(false);
    }
    const last: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
    expect(kinds(given(...uploading, { kind: 'finish' }, last).effects)).toEqual(['accept', 'stop', 'end']);
    expect(kinds(given(...joined, { kind: 'finish' }).effects)).toEqual(['stop', 'end']);
  });

  test('finishes while paused: training resumes first', () => {
    const { effects } = given(...training, { kind: 'pause' }, { kind: 'finish' });
    expect(kinds(effects)).toEqual(['release', 'resumed', 'finishing']);
  });

  test('leaves: a running upload is completed first, training is stopped', () => {
    expect(given(...uploading, { kind: 'leave' }).session).toMatchObject({ ended: false, finishing: true });
    expect(kinds(given(...training, { kind: 'leave' }).effects)).toEqual(['stop', 'end']);
    const lost: SessionEvent = { kind: 'disconnected', problem: unreachable, jitter: 0 };
    const { effects } = given(...uploading, { kind: 'leave' }, lost);
    expect(effects).toContainEqual({ kind: 'end', reason: 'interrupted', problem: null });
  });

  test('knows the newest base that a round made, to measure the last of a run', () => {
    const commit = { kind: 'committed', contributions: 1, tokens: 1, fate: null } as const;
    const first = given(...joined, { ...commit, round: 1, base: 'base 1' });
    expect(first.session.newest).toEqual({ round: 1, base: 'base 1' });
    expect(advance(first.session, { ...commit, round: 2, base: 'base 2' })[0].newest).toEqual({
      round: 2,
      base: 'base 2',
    });
    expect(given(...joined).session.newest).toBeNull();
  });

  test('is told that the run is complete', () => {
    const goodbye: SessionEvent = { kind: 'goodbye', reason: GoodbyeReason.RUN_COMPLETE, jitter: 0 };
    expect(given(...joined, goodbye).effects).toContainEqual({
      kind: 'end',
      reason: 'complete',
      problem: null,
    });
  });
});
