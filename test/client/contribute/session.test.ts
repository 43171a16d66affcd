import { describe, expect, test } from 'vitest';
import { backoff } from '../../../client/contribute/backoff.ts';
import {
  advance,
  type Effect,
  newSession,
  type Round,
  type Session,
  type SessionEvent,
} from '../../../client/contribute/session.ts';
import { TapestryError } from '../../../client/errors.ts';
import { GoodbyeReason, RefusalCode } from '../../../relay/wire/tapestry_pb.js';

const round1: Round = { round: 1, base: 'base 0', attempt: 1, localSteps: 5 };
const again1: Round = { ...round1, attempt: 2 };
const round2: Round = { round: 2, base: 'base 1', attempt: 1, localSteps: 5 };
const unreachable = new TapestryError('relay.unreachable', 'No relay answers.', 'Start it.');

/** Runs events one after the other; gives the last session and the effects of the last event. */
function given(...events: SessionEvent[]): { session: Session; effects: readonly Effect[] } {
  let session = newSession;
  let effects: readonly Effect[] = [];
  for (const event of events) [session, effects] = advance(session, event);
  return { session, effects };
}

const joined: SessionEvent[] = [
  { kind: 'start' },
  { kind: 'connected' },
  { kind: 'welcomed', round: 1, base: 'base 0' },
];
const training: SessionEvent[] = [...joined, { kind: 'opened', round: round1 }, { kind: 'synced', job: 1 }];
const offered: SessionEvent[] = [...training, { kind: 'trained', job: 1, payload: 'p' }];
const uploading: SessionEvent[] = [...offered, { kind: 'resume', payload: 'p', offset: 70 }];
const kinds = (effects: readonly Effect[]) =>
  effects.map((effect) => (effect.kind === 'tell' ? effect.event.event : effect.kind));

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
    expect(session).toMatchObject({ work: { kind: 'idle' }, settled: round1 });
  });

  test('is not begun again when the relay says once more that it is open', () => {
    const again: SessionEvent = { kind: 'opened', round: round1 };
    expect(given(...uploading, { kind: 'acknowledged', payload: 'p', sequence: 9 }, again).effects).toEqual(
      [],
    );
    expect(given(...training, again).effects).toEqual([]);
    expect(given(...offered, again).effects).toEqual([]);
  });

  test('is given up for a newer one at once', () => {
    const { effects } = given(...training, { kind: 'opened', round: round2 });
    expect(kinds(effects)).toEqual(['stop', 'dropped', 'sync']);
    expect(kinds(given(...uploading, { kind: 'opened', round: round2 }).effects)).toEqual([
      'discard',
      'dropped',
      'sync',
    ]);
  });

  test('goes on after it was abandoned, and is offered when it opens again', () => {
    const abandoned: SessionEvent = { kind: 'abandoned', round: 1 };
    expect(kinds(given(...training, abandoned).effects)).toEqual(['abandoned']);
    expect(kinds(given(...uploading, abandoned).effects)).toEqual(['abandoned']);
    const reopened: SessionEvent = { kind: 'opened', round: again1 };
    const offeredAgain = given(...uploading, abandoned, reopened);
    expect(offeredAgain.effects).toEqual([{ kind: 'offer', payload: 'p' }]);
    const accepted: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
    expect(kinds(given(...uploading, accepted, abandoned, reopened).effects)).toEqual(['sync']);
    // What is accepted then is settled for the attempt that it was accepted in.
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

  test('reports of a job that was stopped change nothing', () => {
    const session = given(...training, { kind: 'opened', round: round2 }).session;
    expect(advance(session, { kind: 'trained', job: 1, payload: 'p' })).toEqual([session, []]);
    expect(advance(session, { kind: 'synced', job: 1 })).toEqual([session, []]);
  });
});

describe('refusals', () => {
  const refuse = (code: RefusalCode): SessionEvent => ({ kind: 'refused', code, round: 1, jitter: 0 });

  test.each([
    RefusalCode.WRONG_RUN,
    RefusalCode.BAD_TOKEN,
    RefusalCode.WRONG_PROTOCOL,
    RefusalCode.TOO_MANY,
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
    RefusalCode.TOO_LATE,
    RefusalCode.WRONG_ROUND,
    RefusalCode.BAD_PAYLOAD,
    RefusalCode.NORM_EXCEEDED,
    RefusalCode.OUT_OF_LIMIT,
    RefusalCode.TOO_MANY,
  ])('of the contribution (%i) give up its delta and go on', (code) => {
    for (const before of [offered, uploading]) {
      const { session, effects } = given(...before, refuse(code));
      expect(kinds(effects)).toEqual(['refused', 'discard', 'dropped']);
      expect(session).toMatchObject({ ended: false, work: { kind: 'idle' } });
      expect(kinds(advance(session, { kind: 'opened', round: round2 })[1])).toEqual(['sync']);
    }
  });

  test('as a duplicate mean that the relay has it', () => {
    expect(kinds(given(...offered, refuse(RefusalCode.DUPLICATE)).effects)).toEqual(['refused', 'accept']);
  });

  test('for want of storage try again over a new connection', () => {
    const { session, effects } = given(...uploading, refuse(RefusalCode.STORAGE));
    expect(kinds(effects)).toEqual(['refused', 'disconnect', 'retry', 'wait']);
    expect(session.work).toMatchObject({ kind: 'ready', payload: 'p' });
  });
});

describe('the link', () => {
  const lost: SessionEvent = { kind: 'disconnected', problem: unreachable, jitter: 1 };

  test('training goes on without it, and the contribution is offered when the round turns out to be open still', () => {
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

  test('a relay that has moved on is told by its welcome', () => {
    const events: SessionEvent[] = [lost, { kind: 'retry' }, { kind: 'connected' }];
    const { effects } = given(...uploading, ...events, { kind: 'welcomed', round: 2, base: 'base 1' });
    expect(kinds(effects)).toEqual(['discard', 'dropped']);
  });

  describe('over which it missed that its round was abandoned', () => {
    const welcomed: SessionEvent = { kind: 'welcomed', round: 1, base: 'base 0' };
    const away: SessionEvent[] = [lost, { kind: 'retry' }, { kind: 'connected' }, welcomed];
    const accepted: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
    const opened = (round: Round): SessionEvent => ({ kind: 'opened', round });

    test('does what it does after one that it heard of', () => {
      const abandoned: SessionEvent = { kind: 'abandoned', round: 1 };
      for (const before of [training, uploading, [...uploading, accepted]]) {
        const heard = given(...before, abandoned, ...away, opened(again1));
        const missed = given(...before, ...away, opened(again1));
        expect(missed).toEqual(heard);
      }
      expect(kinds(given(...uploading, accepted, ...away, opened(again1)).effects)).toEqual(['sync']);
      expect(kinds(given(...uploading, accepted, ...away, opened(round1)).effects)).toEqual([]);
    });

    test('does the same after it started again from what it saved', () => {
      const restart = (acknowledged: boolean): SessionEvent[] => [
        { kind: 'start' },
        { kind: 'connected' },
        { kind: 'restored', round: { ...round1, attempt: acknowledged ? 1 : 0 }, payload: 'p', acknowledged },
        welcomed,
      ];
      expect(kinds(given(...restart(true), opened(again1)).effects)).toEqual(['sync']);
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

  test('a relay that was never there is given up, one that was never is', () => {
    const tries = (session: Session) => {
      let count = 0;
      for (let now = session; !now.ended && count < 100; count++) {
        now = advance(now, { kind: 'disconnected', problem: unreachable, jitter: 0 })[0];
        now = advance(now, { kind: 'retry' })[0];
      }
      return count;
    };
    expect(tries(given({ kind: 'start' }).session)).toBe(backoff.attemptsAtUnknownRelay);
    expect(tries(given(...joined).session)).toBe(100);
  });

  test('a certificate that is not trusted ends a session that has not begun', () => {
    const problem = new TapestryError('relay.tls', 'Not trusted.', 'Pin it.');
    const { effects } = given({ kind: 'start' }, { kind: 'disconnected', problem, jitter: 0 });
    expect(effects).toContainEqual({ kind: 'end', reason: 'failed', problem });
  });
});

describe('the person', () => {
  test('pauses and goes on: rounds that open meanwhile wait', () => {
    const paused = given(...joined, { kind: 'pause' }, { kind: 'opened', round: round1 });
    expect(paused.effects).toEqual([]);
    expect(kinds(advance(paused.session, { kind: 'resume-work' })[1])).toEqual([
      'release',
      'resumed',
      'sync',
    ]);
  });

  test('finishes: the round at hand is settled first', () => {
    for (const before of [training, offered, uploading]) {
      const { session, effects } = given(...before, { kind: 'finish' });
      expect(kinds(effects)).toEqual(['finishing']);
      expect(session.ended).toBe(false);
    }
    const last: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
    expect(kinds(given(...uploading, { kind: 'finish' }, last).effects)).toEqual(['accept', 'stop', 'end']);
    expect(kinds(given(...joined, { kind: 'finish' }).effects)).toEqual(['stop', 'end']);
  });

  test('finishes while paused: training goes on first', () => {
    const { effects } = given(...training, { kind: 'pause' }, { kind: 'finish' });
    expect(kinds(effects)).toEqual(['release', 'resumed', 'finishing']);
  });

  test('leaves: an upload on its way is ended first, training is not', () => {
    expect(given(...uploading, { kind: 'leave' }).session).toMatchObject({ ended: false, finishing: true });
    expect(kinds(given(...training, { kind: 'leave' }).effects)).toEqual(['stop', 'end']);
    const lost: SessionEvent = { kind: 'disconnected', problem: unreachable, jitter: 0 };
    const { effects } = given(...uploading, { kind: 'leave' }, lost);
    expect(effects).toContainEqual({ kind: 'end', reason: 'interrupted', problem: null });
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
