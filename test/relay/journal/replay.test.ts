import { expect, test } from 'vitest';
import type { Contribution } from '../../../relay/journal/contribution.ts';
import {
  checkEntry,
  type Draft,
  EntryError,
  nextEntry,
  type StoredEntry,
} from '../../../relay/journal/entry.ts';
import { Replay } from '../../../relay/journal/replay.ts';
import { manifestBytesOf } from '../../../relay/run/manifest.ts';
import type { PresentedBody } from '../../../relay/run/presenting/presented-event.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { drawnPayload, tinyRun } from '../../support/relay/run-support.ts';

const base = '0'.repeat(64);
const next = '1'.repeat(64);
const momentum = '2'.repeat(64);
const checkpoint = { root: next, signature: '0'.repeat(128) };
const payloadBytes = drawnPayload(100, 1).length;

/** A replay of a run with quorum 2 and target 3, to which tests apply entries. */
class Feed {
  readonly replay: Replay;
  #last: StoredEntry;

  constructor() {
    const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
    const manifest = toHex(manifestBytesOf(tinyRun({ rounds: 1 }).manifest, keys));
    const body = { manifest, signature: '0'.repeat(128) };
    this.#last = nextEntry(null, 0, { kind: 'run-created', body });
    this.replay = Replay.begin(checkEntry(this.#last, null));
  }

  /** The field for which the entry is refused; null if it is accepted. */
  apply(draft: Draft): string | null {
    const stored = nextEntry(this.#last, this.#last.time + 1, draft);
    const entry = checkEntry(stored, this.#last);
    this.#last = stored;
    try {
      this.replay.apply(entry);
      return null;
    } catch (error) {
      if (error instanceof EntryError) return error.field;
      throw error;
    }
  }

  open(attempt = 1): string | null {
    return this.apply({ kind: 'round-opened', body: { round: 1, attempt, base } });
  }

  /** A contribution of the node that one hex digit selects, by default with its own payload. */
  accept(key: string, changes: Partial<Contribution> = {}): string | null {
    const body: Contribution = {
      round: 1,
      key: key.repeat(64),
      corpus: 0,
      base,
      payload: key.repeat(64),
      payloadBytes,
      steps: 1,
      tokens: 32 * (changes.steps ?? 1),
      trainingLoss: '1',
      heldOutLoss: '1',
      part: 'whole',
      signature: '0'.repeat(128),
      ...changes,
    };
    return this.apply({ kind: 'contribution-accepted', body });
  }

  close(contributions: number, last: number, attempt = 1): string | null {
    return this.apply({ kind: 'round-closed', body: { round: 1, attempt, contributions, last } });
  }

  commit(contributions: number, last: number, tokens = 32 * contributions): string | null {
    const body = {
      round: 1,
      contributions,
      last,
      tokens,
      norm: 1,
      excluded: [],
      scores: [],
      weighed: [],
      state: [next, momentum],
      delta: null,
      loss: null,
      checkpoint,
    };
    return this.apply({ kind: 'round-committed', body });
  }

  abandon(attempt: number, contributions: number): string | null {
    return this.apply({ kind: 'round-abandoned', body: { round: 1, attempt, contributions, loss: null } });
  }
}

test('a run replays to its end', () => {
  const feed = new Feed();
  const losses = { trainingLoss: '4', heldOutLoss: '3', steps: 3, corpus: 1 };
  const answers = [
    feed.open(),
    feed.accept('a'),
    feed.accept('b', losses),
    feed.close(2, 4),
    feed.commit(2, 4, 128),
  ];
  expect(answers).toEqual([null, null, null, null, null]);
  expect(feed.replay).toMatchObject({
    base: next,
    committed: 1,
    open: null,
    attempt: 0,
    states: [[next, momentum]],
  });
  expect(feed.replay.history).toMatchObject([
    { contributions: 2, tokens: 128, trainingLoss: (1 + 4 * 3) / 4, heldOutLoss: [1, 3], base: next },
  ]);
  expect(feed.replay.before?.contributions.get('a'.repeat(64))?.sequence).toBe(3);
  const beyond = { round: 2, attempt: 1, base: next };
  expect(feed.apply({ kind: 'round-opened', body: beyond })).toBe('body.round');
  expect(feed.apply({ kind: 'run-complete', body: { rounds: 1, base: next, checkpoint } })).toBeNull();
  expect(feed.replay.complete).toBe(true);
  expect(feed.apply({ kind: 'round-opened', body: { round: 2, attempt: 1, base: next } })).toBe('kind');
});

test('a close below the quorum, of another set or of another attempt is refused', () => {
  const feed = new Feed();
  feed.open();
  feed.accept('a');
  expect(feed.close(1, 3)).toBe('body.contributions');
  feed.accept('b');
  expect(feed.close(1, 4)).toBe('body.contributions');
  expect(feed.close(2, 3)).toBe('body.last');
  expect(feed.close(2, 5, 2)).toBe('body.attempt');
  expect(feed.close(2, 5)).toBeNull();
  expect(feed.close(2, 5)).toBe('kind');
});

test('a commit must match the closed round, its set of contributions and their tokens', () => {
  const feed = new Feed();
  feed.open();
  feed.accept('a');
  feed.accept('b');
  expect(feed.commit(2, 4)).toBe('kind');
  expect(feed.close(2, 4)).toBeNull();
  expect(feed.accept('c')).toBe('kind');
  expect(feed.abandon(1, 2)).toBe('body.loss');
  expect(feed.commit(1, 4)).toBe('body.contributions');
  expect(feed.commit(2, 3)).toBe('body.last');
  expect(feed.commit(2, 4, 21)).toBe('body.tokens');
  expect(feed.commit(2, 4)).toBeNull();
  expect(feed.commit(2, 4)).toBe('kind');
});

test('a contribution that is repeated, past the target, of another round or past the limits is refused', () => {
  const feed = new Feed();
  expect(feed.accept('a')).toBe('kind');
  feed.open();
  expect(feed.accept('a')).toBeNull();
  expect(feed.accept('a')).toBe('body.key');
  expect(feed.accept('b', { payload: 'a'.repeat(64) })).toBe('body.payload');
  expect(feed.accept('b', { corpus: 2 })).toBe('body.corpus');
  expect(feed.accept('b', { round: 2 })).toBe('body.round');
  expect(feed.accept('b', { base: next })).toBe('body.base');
  expect(feed.accept('b', { payloadBytes: 1 })).toBe('body.payloadBytes');
  expect(feed.accept('b', { part: 'upper' })).toBe('body.part');
  expect(feed.accept('b', { tokens: 33 })).toBe('body.tokens');
  expect(feed.accept('b', { steps: 0, tokens: 0 })).toBe('body.steps');
  expect(feed.accept('b', { steps: 11 })).toBe('body.steps');
  expect([feed.accept('b'), feed.accept('c')]).toEqual([null, null]);
  expect(feed.accept('d')).toBe('kind');
});

test('contributions of an abandoned attempt do not count, but the attempt does', () => {
  const feed = new Feed();
  feed.open();
  expect(feed.open(2)).toBe('kind');
  feed.accept('a');
  expect(feed.abandon(2, 1)).toBe('body.attempt');
  expect(feed.abandon(1, 0)).toBe('body.contributions');
  expect(feed.abandon(1, 1)).toBeNull();
  expect(feed.open()).toBe('body.attempt');
  expect(feed.open(2)).toBeNull();
  expect(feed.accept('b', { payload: 'a'.repeat(64) })).toBe('body.payload');
  expect(feed.accept('a')).toBeNull();
  expect(feed.replay.totals.abandonedRounds).toBe(1);
});

test('a run is not complete before its last round, and is not created twice', () => {
  const feed = new Feed();
  expect(feed.apply({ kind: 'run-complete', body: { rounds: 0, base, checkpoint } })).toBe('body.rounds');
  expect(feed.apply({ kind: 'run-complete', body: { rounds: 1, base, checkpoint } })).toBe('body.rounds');
  expect(feed.apply({ kind: 'run-created', body: { manifest: '', signature: '0'.repeat(128) } })).toBe(
    'kind',
  );
});

test("the presenter's commands are of the current round, and a run may end early only by one", () => {
  const feed = new Feed();
  const present = (action: PresentedBody['action'], node: string | null = null, round = 1) =>
    feed.apply({ kind: 'presented', body: { round, action, node } });
  const complete = { kind: 'run-complete', body: { rounds: 0, base, checkpoint } } as const;
  const key = 'a'.repeat(64);
  expect(feed.replay.presented).toBe('lobby');
  expect(present('start', null, 2)).toBe('body.round');
  expect(present('start', key)).toBe('body.node');
  expect(present('remove')).toBe('body.node');
  expect([present('start'), feed.replay.presented]).toEqual([null, 'started']);
  expect([present('pause'), feed.replay.presented]).toEqual([null, 'paused']);
  expect([present('remove', key), [...feed.replay.removed]]).toEqual([null, [key]]);
  expect(feed.open()).toBeNull();
  expect([present('extend'), feed.replay.presented]).toEqual([null, 'paused']);
  expect(feed.apply(complete)).toBe('kind');
  expect([present('end'), feed.replay.presented]).toEqual([null, 'ended']);
  expect(present('start')).toBe('body.action');
  expect(feed.apply(complete)).toBe('kind');
  expect(feed.abandon(1, 0)).toBeNull();
  expect(feed.apply(complete)).toBeNull();
  expect(present('remove', key)).toBe('kind');
  const other = new Feed();
  expect(other.apply(complete)).toBe('body.rounds');
});
