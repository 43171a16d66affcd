import { expect, test } from 'vitest';
import {
  checkEntry,
  EntryError,
  type EntryKind,
  type EntryOf,
  nextEntry,
  type StoredEntry,
} from '../../relay/entries.ts';
import { manifestBytesOf } from '../../relay/manifest.ts';
import { Replay } from '../../relay/replay.ts';
import { toHex } from '../../relay/wire/hex.ts';
import { drawnPayload, tinyRun } from './run-support.ts';

const base = '0'.repeat(64);
const next = '1'.repeat(64);
const payloadBytes = drawnPayload(100, 1).length;

/** A replay of a run with quorum 2 and target 3, fed with entries by hand. */
class Feed {
  readonly replay: Replay;
  #last: StoredEntry;

  constructor() {
    const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
    const manifest = toHex(manifestBytesOf(tinyRun({ rounds: 1 }).manifest, keys));
    this.#last = nextEntry(null, 0, 'run-created', { manifest, signature: '0'.repeat(128) });
    this.replay = Replay.begin(checkEntry(this.#last, null));
  }

  /** The field that the entry is refused for; null when it follows. */
  apply<Kind extends EntryKind>(kind: Kind, body: EntryOf<Kind>['body']): string | null {
    const stored = nextEntry(this.#last, this.#last.time + 1, kind, body);
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
    return this.apply('round-opened', { round: 1, attempt, base });
  }

  accept(key: string, changes: Partial<EntryOf<'contribution-accepted'>['body']> = {}): string | null {
    return this.apply('contribution-accepted', {
      round: 1,
      key: key.repeat(64),
      base,
      payload: base,
      payloadBytes,
      steps: 1,
      tokens: 10,
      trainingLoss: 1,
      heldOutLoss: 1,
      signature: '0'.repeat(128),
      ...changes,
    });
  }

  commit(contributions: number[], tokens = 10 * contributions.length): string | null {
    return this.apply('round-committed', { round: 1, contributions, tokens, base: next, momentum: next });
  }
}

test('a run replays to its end', () => {
  const feed = new Feed();
  expect([feed.open(), feed.accept('a'), feed.accept('b'), feed.commit([3, 4])]).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(feed.replay).toMatchObject({ base: next, momentum: next, committed: 1, open: null, attempt: 0 });
  expect(feed.apply('run-complete', { rounds: 1, base: next })).toBeNull();
  expect(feed.replay.complete).toBe(true);
  expect(feed.apply('round-opened', { round: 2, attempt: 1, base: next })).toBe('kind');
});

test('no commit below the quorum, of what was not accepted, or of tokens that were not', () => {
  const feed = new Feed();
  feed.open();
  feed.accept('a');
  expect(feed.commit([3])).toBe('body.contributions');
  feed.accept('b');
  expect(feed.commit([3])).toBe('body.contributions');
  expect(feed.commit([5, 3])).toBe('body.contributions');
  expect(feed.commit([3, 5], 21)).toBe('body.tokens');
  expect(feed.commit([3, 5])).toBeNull();
  expect(feed.commit([3, 5])).toBe('kind');
});

test('no contribution twice, past the target, beside the round or past the limits', () => {
  const feed = new Feed();
  expect(feed.accept('a')).toBe('kind');
  feed.open();
  expect(feed.accept('a')).toBeNull();
  expect(feed.accept('a')).toBe('body.key');
  expect(feed.accept('b', { round: 2 })).toBe('body.round');
  expect(feed.accept('b', { base: next })).toBe('body.base');
  expect(feed.accept('b', { payloadBytes: 1 })).toBe('body.payloadBytes');
  expect(feed.accept('b', { tokens: 1001 })).toBe('body.tokens');
  expect(feed.accept('b', { tokens: 0 })).toBe('body.tokens');
  expect(feed.accept('b', { steps: 11 })).toBe('body.steps');
  expect([feed.accept('b'), feed.accept('c')]).toEqual([null, null]);
  expect(feed.accept('d')).toBe('kind');
});

test('an abandoned attempt counts for nothing, and is counted', () => {
  const feed = new Feed();
  feed.open();
  expect(feed.open(2)).toBe('kind');
  feed.accept('a');
  expect(feed.apply('round-abandoned', { round: 1, attempt: 2, contributions: 1 })).toBe('body.attempt');
  expect(feed.apply('round-abandoned', { round: 1, attempt: 1, contributions: 0 })).toBe(
    'body.contributions',
  );
  expect(feed.apply('round-abandoned', { round: 1, attempt: 1, contributions: 1 })).toBeNull();
  expect(feed.open()).toBe('body.attempt');
  expect(feed.open(2)).toBeNull();
  expect(feed.accept('a')).toBeNull();
  expect(feed.replay.totals.abandonedRounds).toBe(1);
});

test('a run is not complete before its last round, nor made twice', () => {
  const feed = new Feed();
  expect(feed.apply('run-complete', { rounds: 0, base })).toBe('body.rounds');
  expect(feed.apply('run-complete', { rounds: 1, base })).toBe('body.rounds');
  expect(feed.apply('run-created', { manifest: '', signature: '0'.repeat(128) })).toBe('kind');
});

test('who is connected is forgotten when the relay starts', () => {
  const feed = new Feed();
  feed.apply('node-joined', { key: base, host: 'node', nation: 1 });
  feed.apply('node-joined', { key: next, host: 'deno', nation: null });
  feed.apply('node-left', { key: base });
  expect([...feed.replay.connected]).toEqual([next]);
  feed.apply('relay-started', { sqlite: '3.50.1' });
  expect([...feed.replay.connected]).toEqual([]);
  expect([...feed.replay.writers]).toEqual(['3.50.1']);
});
