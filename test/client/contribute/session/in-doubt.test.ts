import { describe, expect, test } from 'vitest';
import { usualPatience } from '../../../../apps/cli/run/upstream/patience.ts';
import { advance } from '../../../../client/contribute/session/session.ts';
import type { Session, SessionEvent } from '../../../../client/contribute/session/state.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { given, joined, kinds, offered, round1, round2, training, unreachable, uploading } from './given.ts';

const lost: SessionEvent = { kind: 'disconnected', problem: unreachable, jitter: 1 };

describe('a connection that was lost while the round ended', () => {
  const away: SessionEvent[] = [lost, { kind: 'retry' }, { kind: 'connected' }];
  const later: SessionEvent = { kind: 'welcomed', round: 2, base: 'base 1' };
  const accepted: SessionEvent = { kind: 'acknowledged', payload: 'p', sequence: 9 };
  const refused: SessionEvent = { kind: 'refused', code: RefusalCode.TOO_LATE, round: 2, jitter: 0 };
  const next: SessionEvent = { kind: 'opened', round: round2 };

  test('what was never offered is dropped', () => {
    const trained: SessionEvent = { kind: 'trained', job: 1, payload: 'p' };
    expect(kinds(given(...training, lost, trained, ...away.slice(1), later).effects)).toEqual([
      'discard',
      'dropped',
    ]);
  });

  test('what was offered is offered once more, and the answer says whether it counts', () => {
    for (const before of [offered, uploading]) {
      const asked = given(...before, ...away, later);
      expect(asked.effects).toEqual([{ kind: 'offer', payload: 'p' }]);
      expect(kinds(given(...before, ...away, later, accepted).effects)).toEqual(['accept', 'settle']);
      expect(kinds(given(...before, ...away, later, refused).effects)).toEqual([
        'refused',
        'discard',
        'dropped',
      ]);
    }
  });

  test('what was accepted may be of an attempt that was abandoned: the node asks too', () => {
    const before = [...uploading, accepted, ...away, later];
    expect(given(...before).effects).toEqual([{ kind: 'offer', payload: 'p' }]);
    expect(kinds(given(...before, accepted).effects)).toEqual(['settle']);
    expect(kinds(given(...before, refused).effects)).toEqual(['refused', 'discard', 'dropped']);
  });

  test('nothing else begins before the answer, and the open round right after it', () => {
    const before = [...uploading, ...away, later, next];
    expect(given(...before).effects).toEqual([]);
    expect(kinds(given(...before, accepted).effects)).toEqual(['accept', 'settle', 'sync']);
    expect(kinds(given(...before, refused).effects)).toEqual(['refused', 'discard', 'dropped', 'sync']);
    const abandoned: SessionEvent = { kind: 'abandoned', round: 2 };
    // The answer may be what was lost.
    expect(kinds(given(...before, abandoned).effects)).toEqual(['abandoned', 'offer']);
    expect(kinds(given(...before, abandoned, accepted).effects)).toEqual(['accept', 'settle']);
  });

  test('where the relay asks for the payload first, the open round begins after its refusal all the same', () => {
    const resume: SessionEvent = { kind: 'resume', payload: 'p', offset: 0 };
    const before = [...uploading, ...away, later, next, resume];
    expect(kinds(given(...before).effects)).toEqual(['upload']);
    expect(kinds(given(...before, refused).effects)).toEqual(['refused', 'discard', 'dropped', 'sync']);
  });

  test('a connection that breaks before the answer leads to the same question', () => {
    const before = [...uploading, ...away, later, ...away];
    expect(given(...before, later).effects).toEqual([{ kind: 'offer', payload: 'p' }]);
    expect(given(...before).session.work.kind).toBe('asked');
  });

  test('while the node was back, and the round closed without a word to it: the node asks at the commit', () => {
    const back: SessionEvent = { kind: 'welcomed', round: 1, base: 'base 0' };
    const commit = { round: 1, base: 'base 1', contributions: 1, tokens: 1, fate: null };
    for (const before of [uploading, [...uploading, accepted]])
      expect(kinds(given(...before, ...away, back, { kind: 'committed', ...commit }).effects)).toEqual([
        'committed',
        'offer',
      ]);
    // The relay said that the attempt is the same: nothing is in doubt. That it asks for the payload says nothing, because the bytes of
    // the connection before may still be on their way to its journal.
    const resume: SessionEvent = { kind: 'resume', payload: 'p', offset: 0 };
    const again: SessionEvent[] = [...away, back, { kind: 'opened', round: round1 }];
    const over: SessionEvent = { kind: 'committed', ...commit };
    expect(kinds(given(...uploading, ...again, resume, over).effects)).toEqual(['committed', 'offer']);
    expect(kinds(given(...uploading, accepted, ...again, over).effects)).toEqual(['committed', 'settle']);
  });

  test('a process that starts again asks for what it had saved', () => {
    for (const acknowledged of [true, false]) {
      const restored: SessionEvent = { kind: 'restored', round: round1, payload: 'p', acknowledged };
      const before: SessionEvent[] = [{ kind: 'start' }, { kind: 'connected' }, restored, later];
      expect(given(...before).effects).toEqual([{ kind: 'offer', payload: 'p' }]);
    }
  });

  test('a node that is to finish waits for the answer', () => {
    const before: SessionEvent[] = [...uploading, ...away, later, { kind: 'finish' }];
    expect(given(...before).session.ended).toBe(false);
    expect(kinds(given(...before, accepted).effects)).toEqual(['accept', 'settle', 'stop', 'end']);
  });
});

test('a relay below an upstream relay tries often enough to be back before its run goes on alone', () => {
  let session: Session = { ...given(...joined).session, standing: null };
  let waited = 0;
  const longest = Math.max(
    ...Array.from({ length: 50 }, () => {
      const [down, effects] = advance(session, { kind: 'disconnected', problem: unreachable, jitter: 1 });
      session = advance(down, { kind: 'retry' })[0];
      const delay = effects.find((effect) => effect.kind === 'wait')?.milliseconds ?? 0;
      waited += delay;
      return delay;
    }),
  );
  expect(longest).toBeLessThan(usualPatience / 5);
  expect(waited).toBeGreaterThan(100_000);
});
