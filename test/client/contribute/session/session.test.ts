import { describe, expect, test } from 'vitest';
import { attemptsAtUnknownRelay, backoff } from '../../../../client/contribute/session/relay-loss.ts';
import { advance } from '../../../../client/contribute/session/session.ts';
import type { Effect, Round, Session, SessionEvent } from '../../../../client/contribute/session/state.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import {
  again1,
  given,
  joined,
  kinds,
  offered,
  round1,
  round2,
  training,
  unreachable,
  uploading,
} from './given.ts';

describe('one round', () => {
  test('syncs, trains, offers, uploads from the offset of the relay, and settles', () => {
    expect(given(...joined, { kind: 'opened', round: round1 }).effects).toEqual([
      { kind: 'sync', job: 1, round: round1 },
    ]);
    expect(given(...training).effects).toEqual([{ kind: 'train', job: 1, round: round1 }]);
    expect(given(...offered).effects).toEqual([{ kind: 'offer', payload: 'p' }]);
    expect(given(...uploading).effects).toEqual([{ kind: 'upload', payload: 'p', offset: 70 }]);
    const { session, effects } = given(...uploading, { kind: 'acknowledged', payload: 'p', sequence: 9 });
    expect(effects).toEqual([{ kind: 'accept', payload: 'p', sequence: 9 }]);
    expect(session).toMatchObject({ work: { kind: 'accepted' }, settled: round1 });
    const commit = { round: 1, base: 'base 1', contributions: 1, tokens: 1, fate: null };
    const [over, final] = advance(session, { kind: 'committed', ...commit });
    expect(kinds(final)).toEqual(['committed', 'settle']);
    expect(over.work.kind).toBe('idle');
  });

  test('is not restarted when the relay repeats that it is open', () => {
    const again: SessionEvent = { kind: 'opened', round: round1 };
    expect(given(...uploading, { kind: 'acknowledged', payload: 'p', sequence: 9 }, again).effects).toEqual(
      [],
    );
    expect(given(...training, again).effects).toEqual([]);
    expect(given(...offered, again).effects).toEqual([]);
  });

  test('returns whole to the error feedback if it opens again on another base, though it was accepted', () => {
    const accepted: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
    const rebased: Round = { ...again1, base: 'base of the upstream run' };
    const abandoned: SessionEvent = { kind: 'abandoned', round: 1 };
    const { session, effects } = given(...uploading, accepted, abandoned, { kind: 'opened', round: rebased });
    expect(kinds(effects)).toEqual(['discard', 'dropped', 'sync']);
    expect(session.work).toEqual({ kind: 'syncing', round: rebased });
  });

  test('goes on when the opening of an earlier attempt or round comes late', () => {
    const reopened: SessionEvent[] = [
      { kind: 'abandoned', round: 1 },
      { kind: 'opened', round: again1 },
    ];
    const accepted: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
    const refused: SessionEvent = { kind: 'refused', code: RefusalCode.UNEXPECTED, round: 1, jitter: 0 };
    // Not even a node that has nothing to do trains for an attempt that is over.
    for (const last of [accepted, refused]) {
      const before = [...offered, ...reopened, last];
      const late = given(...before, { kind: 'opened', round: round1 });
      expect(late.effects).toEqual([]);
      expect(late.session.open).toEqual(again1);
    }
    const next = given(...training, { kind: 'opened', round: round2 }, { kind: 'opened', round: round1 });
    expect(next.effects).toEqual([]);
    expect(next.session.work).toMatchObject({ round: round2 });
  });

  test('is dropped at once for a newer round', () => {
    const { effects } = given(...training, { kind: 'opened', round: round2 });
    expect(kinds(effects)).toEqual(['conclude', 'dropped', 'sync']);
    expect(kinds(given(...uploading, { kind: 'opened', round: round2 }).effects)).toEqual([
      'discard',
      'dropped',
      'sync',
    ]);
  });

  test('continues after it was abandoned, and is offered when it opens again', () => {
    const abandoned: SessionEvent = { kind: 'abandoned', round: 1 };
    expect(kinds(given(...training, abandoned).effects)).toEqual(['abandoned']);
    expect(kinds(given(...uploading, abandoned).effects)).toEqual(['abandoned']);
    const reopened: SessionEvent = { kind: 'opened', round: again1 };
    const offeredAgain = given(...uploading, abandoned, reopened);
    expect(offeredAgain.effects).toEqual([{ kind: 'offer', payload: 'p' }]);
    const accepted: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
    // No step is lost either where the abandoned attempt had accepted the work.
    expect(given(...uploading, accepted, abandoned, reopened).effects).toEqual([
      { kind: 'offer', payload: 'p' },
    ]);
    // A contribution accepted in that attempt is settled for that attempt.
    const resumed: SessionEvent = { kind: 'resume', payload: 'p', offset: 0 };
    const settled = [...uploading, abandoned, reopened, resumed, accepted];
    expect(given(...settled, reopened)).toMatchObject({ effects: [], session: { settled: again1 } });
  });

  test('whose training diverged is trained again in its next attempt', () => {
    const diverged: SessionEvent[] = [...training, { kind: 'diverged', job: 1 }];
    const reopened: SessionEvent = { kind: 'opened', round: again1 };
    expect(kinds(given(...diverged, reopened).effects)).toEqual(['sync']);
    const abandoned: SessionEvent = { kind: 'abandoned', round: 1 };
    expect(kinds(given(...training, abandoned, { kind: 'diverged', job: 1 }, reopened).effects)).toEqual([
      'sync',
    ]);
  });

  test('whose training diverged sends nothing and waits for the next', () => {
    const { session, effects } = given(...training, { kind: 'diverged', job: 1 });
    expect(effects).toContainEqual({
      kind: 'tell',
      event: { event: 'dropped', round: 1, reason: 'not-finite' },
    });
    expect(kinds(effects)).not.toContain('offer');
    expect(session.work.kind).toBe('idle');
  });

  test('ignores reports of a job that was stopped', () => {
    const session = given(...training, { kind: 'opened', round: round2 }).session;
    expect(advance(session, { kind: 'trained', job: 1, payload: 'p' })).toEqual([session, []]);
    expect(advance(session, { kind: 'synced', job: 1 })).toEqual([session, []]);
  });
});

/** The connection breaks, and the node is back in this round. */
const backIn = (round: Round): SessionEvent[] => [
  { kind: 'disconnected', problem: unreachable, jitter: 1 },
  ...[{ kind: 'retry' } as const, { kind: 'connected' } as const],
  { kind: 'welcomed', round: round.round, base: round.base },
  { kind: 'opened', round },
];

describe('refusals', () => {
  const refuse = (code: RefusalCode): SessionEvent => ({ kind: 'refused', code, round: 1, jitter: 0 });

  test.each([
    RefusalCode.WRONG_RUN,
    RefusalCode.BAD_TOKEN,
    RefusalCode.WRONG_PROTOCOL,
    RefusalCode.BAD_SIGNATURE,
    RefusalCode.OUT_OF_LIMIT,
  ])('of the join (%i) end the session and say what to do', (code) => {
    const { session, effects } = given({ kind: 'start' }, { kind: 'connected' }, refuse(code));
    expect(session.ended).toBe(true);
    const ending = effects.find((effect) => effect.kind === 'end');
    expect(ending?.problem).toBeInstanceOf(TapestryError);
    expect(ending?.problem).toMatchObject({ code: expect.stringMatching(/^relay\.[a-z-]+$/), next: /./ });
  });

  test.each([
    RefusalCode.STALE_BASE,
    RefusalCode.WRONG_ROUND,
    RefusalCode.BAD_PAYLOAD,
    RefusalCode.NORM_EXCEEDED,
    RefusalCode.OUT_OF_LIMIT,
    RefusalCode.TOO_MANY,
  ])('of the contribution (%i) drop its delta, and the node continues', (code) => {
    for (const before of [offered, uploading]) {
      const { session, effects } = given(...before, refuse(code));
      expect(kinds(effects)).toEqual(['refused', 'discard', 'dropped']);
      expect(session).toMatchObject({ ended: false, work: { kind: 'idle' } });
      expect(kinds(advance(session, { kind: 'opened', round: round2 })[1])).toEqual(['sync']);
    }
  });

  test('as too late wait for what becomes of the round: the same work is offered if it opens again, and dropped if it made a base', () => {
    for (const before of [offered, uploading]) {
      const { session, effects } = given(...before, refuse(RefusalCode.TOO_LATE));
      expect(kinds(effects)).toEqual(['refused']);
      expect(session.work).toMatchObject({ kind: 'ready', payload: 'p', inDoubt: false });
      const [waiting] = advance(session, { kind: 'abandoned', round: 1 });
      expect(advance(waiting, { kind: 'opened', round: again1 })[1]).toEqual([
        { kind: 'offer', payload: 'p' },
      ]);
      expect(kinds(advance(session, { kind: 'opened', round: round2 })[1])).toEqual([
        'discard',
        'dropped',
        'sync',
      ]);
      // A node that leaves does not wait.
      const leaving = given(...before, { kind: 'leave' }, refuse(RefusalCode.TOO_LATE));
      expect(kinds(leaving.effects)).toContain('discard');
      expect(leaving.session.ended).toBe(true);
    }
  });

  test('as a duplicate mean that the relay already has the contribution', () => {
    expect(kinds(given(...offered, refuse(RefusalCode.DUPLICATE)).effects)).toEqual(['refused', 'accept']);
    // Within one attempt, also on another connection: it has other work of the node.
    const { effects } = given(...uploading, ...backIn(round1), refuse(RefusalCode.DUPLICATE));
    expect(kinds(effects)).toEqual(['refused', 'accept']);
  });

  test('of what an attempt had whose base the guard did not allow: the node trains again', () => {
    const again: SessionEvent[] = [
      { kind: 'acknowledged', payload: 'p', sequence: 9 },
      { kind: 'abandoned', round: 1 },
      { kind: 'opened', round: again1 },
      refuse(RefusalCode.GUARD),
    ];
    expect(kinds(given(...uploading, ...again).effects)).toEqual(['refused', 'settle', 'sync']);
    // So too where its receipt was lost, and the node took it for unsent.
    expect(kinds(given(...uploading, ...again.slice(1)).effects)).toEqual(['refused', 'settle', 'sync']);
    // Or where it asks on a connection after the round's end.
    const { effects } = given(...uploading, ...backIn(round2), refuse(RefusalCode.GUARD));
    expect(kinds(effects)).toEqual(['refused', 'settle', 'sync']);
  });

  test('of the join by a full relay are retried without end', () => {
    let { session } = given({ kind: 'start' });
    for (let i = 0; i < 50; i++) {
      session = advance(session, { kind: 'connected' })[0];
      const [full, effects] = advance(session, refuse(RefusalCode.TOO_MANY));
      expect(kinds(effects)).toEqual(['refused', 'disconnect', 'retry', 'wait']);
      session = advance(full, { kind: 'retry' })[0];
    }
    expect(session.ended).toBe(false);
  });

  test('for lack of storage lead to a retry over a new connection', () => {
    const { session, effects } = given(...uploading, refuse(RefusalCode.STORAGE));
    expect(kinds(effects)).toEqual(['refused', 'disconnect', 'retry', 'wait']);
    expect(session.work).toMatchObject({ kind: 'ready', payload: 'p' });
  });
});

describe('the connection', () => {
  const lost: SessionEvent = { kind: 'disconnected', problem: unreachable, jitter: 1 };

  test('training continues without it, and the contribution is offered if the round is still open', () => {
    const apart = given(...training, lost, { kind: 'trained', job: 1, payload: 'p' });
    expect(apart.effects).toEqual([]);
    const back: SessionEvent[] = [
      { kind: 'retry' },
      { kind: 'connected' },
      { kind: 'welcomed', round: 1, base: 'base 0' },
      { kind: 'opened', round: round1 },
    ];
    let { session } = apart;
    let effects: readonly Effect[] = [];
    for (const event of back) [session, effects] = advance(session, event);
    expect(effects).toEqual([{ kind: 'offer', payload: 'p' }]);
  });

  describe('that was lost while its round was abandoned', () => {
    const welcomed: SessionEvent = { kind: 'welcomed', round: 1, base: 'base 0' };
    const away: SessionEvent[] = [lost, { kind: 'retry' }, { kind: 'connected' }, welcomed];
    const accepted: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
    const opened = (round: Round): SessionEvent => ({ kind: 'opened', round });

    test('has the same effects as when the node heard of it', () => {
      const abandoned: SessionEvent = { kind: 'abandoned', round: 1 };
      for (const before of [training, uploading, [...uploading, accepted]]) {
        const heard = given(...before, abandoned, ...away, opened(again1));
        const missed = given(...before, ...away, opened(again1));
        expect(missed).toEqual(heard);
      }
      expect(kinds(given(...uploading, accepted, ...away, opened(again1)).effects)).toEqual(['offer']);
      expect(kinds(given(...uploading, accepted, ...away, opened(round1)).effects)).toEqual([]);
    });

    test('has the same effects after a restart from the saved state', () => {
      const restart = (acknowledged: boolean): SessionEvent[] => [
        { kind: 'start' },
        { kind: 'connected' },
        { kind: 'restored', round: { ...round1, attempt: acknowledged ? 1 : 0 }, payload: 'p', acknowledged },
        welcomed,
      ];
      expect(kinds(given(...restart(true), opened(again1)).effects)).toEqual(['offer']);
      expect(kinds(given(...restart(true), opened(round1)).effects)).toEqual([]);
      for (const round of [round1, again1]) {
        expect(kinds(given(...restart(false), opened(round)).effects)).toEqual(['offer']);
        expect(given(...restart(false), opened(round), accepted).session.settled).toEqual(round);
      }
    });
  });

  test('delays double up to a limit, and jitter takes up to half off', () => {
    const delays = (jitter: number) => {
      let session = given(...joined).session;
      return Array.from({ length: 12 }, () => {
        const [down, effects] = advance(session, { kind: 'disconnected', problem: unreachable, jitter });
        session = advance(down, { kind: 'retry' })[0];
        return effects.find((effect) => effect.kind === 'wait')?.milliseconds ?? 0;
      });
    };
    expect(delays(1).slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
    expect(delays(1).at(-1)).toBe(backoff.lastMilliseconds);
    expect(delays(0)).toEqual(delays(1).map((delay) => delay / 2));
  });

  test('failures right after a welcome back off, and only a connection that lasts resets the delay', () => {
    const lose = (session: Session, ...before: SessionEvent[]) => {
      let now = session;
      for (const event of before) now = advance(now, event)[0];
      const [down, effects] = advance(now, lost);
      const wait = effects.find((effect) => effect.kind === 'wait')?.milliseconds ?? 0;
      return { down, wait };
    };
    const again: SessionEvent[] = [
      { kind: 'retry' },
      { kind: 'connected' },
      { kind: 'welcomed', round: 1, base: 'base 0' },
      { kind: 'opened', round: round1 },
    ];
    const cached: SessionEvent = { kind: 'synced', job: 1 };
    let { down, wait } = lose(given(...joined).session);
    for (const expected of [1000, 2000, 4000, 8000]) {
      ({ down, wait } = lose(down, ...again, cached));
      expect(wait).toBe(expected);
    }
    const { job } = down;
    const offer: SessionEvent[] = [
      { kind: 'trained', job, payload: 'p' },
      { kind: 'acknowledged', payload: 'p', sequence: 9 },
    ];
    // A hostile relay can send each of these at once.
    const commit = { round: 1, base: 'base 1', contributions: 1, tokens: 1, fate: null };
    const next: SessionEvent = { kind: 'opened', round: round2 };
    expect(lose(down, ...again, ...offer).wait).toBe(16_000);
    expect(lose(down, ...again, { kind: 'abandoned', round: 1 }).wait).toBe(16_000);
    expect(lose(down, ...again, { kind: 'committed', ...commit }).wait).toBe(16_000);
    expect(lose(down, ...again, next, { kind: 'synced', job: job + 2 }).wait).toBe(16_000);
    expect(lose(down, ...again, { kind: 'steady' }).wait).toBe(500);
    expect(lose(down, { kind: 'steady' }, ...again).wait).toBe(16_000);
  });

  test('a node gives up a relay that it never reached, but not one that answered before', () => {
    const tries = (session: Session) => {
      let count = 0;
      for (let now = session; !now.ended && count < 100; count++) {
        now = advance(now, { kind: 'disconnected', problem: unreachable, jitter: 0 })[0];
        now = advance(now, { kind: 'retry' })[0];
      }
      return count;
    };
    expect(tries(given({ kind: 'start' }).session)).toBe(attemptsAtUnknownRelay);
    expect(tries(given(...joined).session)).toBe(100);
  });

  test('a certificate that is not trusted ends a session that has not begun', () => {
    const problem = new TapestryError('relay.tls', 'Not trusted.', 'Pin it.');
    const { effects } = given({ kind: 'start' }, { kind: 'disconnected', problem, jitter: 0 });
    expect(effects).toContainEqual({ kind: 'end', reason: 'failed', problem });
  });
});
