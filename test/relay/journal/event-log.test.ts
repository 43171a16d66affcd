import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Contribution } from '../../../relay/journal/contribution.ts';
import { checkEntry, type Draft, type StoredEntry } from '../../../relay/journal/entry.ts';
import type { Attempt, EventLog, Head, Lease } from '../../../relay/journal/event-log.ts';
import { noHead } from '../../../relay/journal/journal-end.ts';
import { journalFile } from '../../../relay/journal/rows.ts';
import { SqliteLog } from '../../../relay/journal/sqlite-log.ts';
import type { Clock } from '../../../relay/run/clock.ts';
import { createdEntry } from '../../support/relay/journal/created-entry.ts';
import { MemoryJournal, MemoryLog } from '../../support/relay/memory-log.ts';
import { TestClock } from '../../support/relay/run-support.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const base = '0'.repeat(64);
const signature = '0'.repeat(128);
const first = createdEntry();
const refused: Draft = { kind: 'refused', body: { round: 1, counts: { MALFORMED: 1 } } };
const attempt: Attempt = { round: 1, attempt: 1, target: 3 };

function opening(number: number): Draft {
  return { kind: 'round-opened', body: { round: 1, attempt: number, base } };
}

/** A contribution; one hex digit selects the node and one the payload. */
function contribution(node: string, payload = node, changes: Partial<Contribution> = {}): Contribution {
  return {
    round: 1,
    key: node.repeat(64),
    corpus: null,
    base,
    payload: payload.repeat(64),
    payloadBytes: 10,
    steps: 1,
    tokens: 10,
    trainingLoss: '2.3',
    heldOutLoss: '-0',
    part: 'whole',
    signature,
    ...changes,
  };
}

/** Several logs of one journal, like those of several processes. */
type Connect = () => EventLog;
const implementations: [string, (clock: Clock) => Connect][] = [
  [
    'in memory',
    (clock) => {
      const journal = new MemoryJournal(clock);
      return () => new MemoryLog(journal);
    },
  ],
  [
    'in SQLite',
    (clock) => {
      const folder = temporaryFolder();
      return () => new SqliteLog(folder, clock.now);
    },
  ],
];

async function entriesOf(log: EventLog, after = 0): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for await (const entry of log.read(after)) entries.push(entry);
  return entries;
}

describe.each(implementations)('a journal %s', (_, implementation) => {
  async function led(clock = new TestClock()) {
    const connect = implementation(clock);
    const log = connect();
    onTestFinished(() => log.close());
    const lease = await log.lead('this process', 10_000);
    if (lease === null) throw new Error('no lease');
    const append = async (...drafts: Draft[]) => {
      const head = (await entriesOf(log)).at(-1) ?? noHead;
      const result = await log.append(lease, head, drafts);
      if (!('entries' in result)) throw new Error(JSON.stringify(result));
      return result.entries;
    };
    return { connect, log, lease, append };
  }

  test('entries are appended together, chained, and read in order from any sequence number', async () => {
    const { log, append } = await led();
    expect(await entriesOf(log)).toEqual([]);
    expect(await append(first)).toMatchObject([{ sequence: 1, kind: 'run-created' }]);
    await append(refused, opening(1), ...Array.from({ length: 300 }, () => refused));
    expect(await append()).toEqual([]);
    const entries = await entriesOf(log);
    expect(entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 303 }, (_, i) => i + 1));
    let previous: StoredEntry | null = null;
    for (const entry of entries) {
      checkEntry(entry, previous);
      previous = entry;
    }
    expect(await entriesOf(log, 301)).toEqual(entries.slice(301));
    expect(await entriesOf(log, 303)).toEqual([]);
  });

  test('an append that does not follow the last entry is a conflict that names the head, and appends nothing', async () => {
    const { log, lease, append } = await led();
    await append(first);
    const [stored] = await entriesOf(log);
    const head = { sequence: 1, hash: stored?.hash ?? '' };
    expect(await log.append(lease, noHead, [refused])).toEqual({ conflict: head });
    expect(await log.append(lease, { sequence: 1, hash: base }, [refused])).toEqual({ conflict: head });
    expect(await entriesOf(log)).toHaveLength(1);
    await log.append(lease, head, [opening(1)]);
    await log.accept(attempt, [contribution('a')]);
    expect(await log.append(lease, { ...head, sequence: 2 }, [refused])).toMatchObject({
      conflict: { sequence: 3 },
    });
  });

  test('there is one leader, and earlier leaders are fenced off', async () => {
    const clock = new TestClock();
    const { connect, log, lease, append } = await led(clock);
    await append(first);
    const other = connect();
    onTestFinished(() => other.close());
    expect(await other.lead('another process', 10_000)).toBeNull();
    expect(await log.renew(lease, 10_000)).toBe(true);
    await log.close();
    clock.pass(10_000);
    const next = await other.lead('another process', 10_000);
    expect(next?.token).toBeGreaterThan(lease.token);
    expect(await other.renew(lease, 10_000)).toBe(false);
    const [head = noHead] = await entriesOf(other);
    expect(await other.append(lease, head, [refused])).toEqual({ fenced: true });
    expect(await other.append({ holder: 'another process', token: lease.token }, head, [refused])).toEqual({
      fenced: true,
    });
    expect(await other.append(next ?? lease, head, [refused])).toMatchObject({ entries: [{ sequence: 2 }] });
  });

  test('contributions are accepted up to the target, in order, each key and each payload once', async () => {
    const { log, append } = await led();
    await append(first, opening(1));
    const answers = await log.accept(attempt, [
      contribution('a'),
      contribution('b', 'a'),
      contribution('a', 'c'),
      contribution('b'),
      contribution('a'),
      contribution('c'),
      contribution('d'),
    ]);
    const accepted = (sequence: number, key: string) => ({
      sequence,
      kind: 'contribution-accepted',
      body: { key: key.repeat(64) },
    });
    expect(answers).toMatchObject([
      accepted(3, 'a'),
      { refused: 'duplicate' },
      { refused: 'duplicate' },
      accepted(4, 'b'),
      accepted(3, 'a'),
      accepted(5, 'c'),
      { refused: 'full' },
    ]);
    expect(await entriesOf(log)).toHaveLength(5);
    expect(await log.accept(attempt, [])).toEqual([]);
  });

  test('a repeated contribution gets the same answer, even after the attempt is closed or from another process', async () => {
    const { connect, log, append } = await led();
    await append(first, opening(1));
    const asked = [contribution('a'), contribution('b')];
    const answers = await log.accept(attempt, asked);
    expect(await log.accept(attempt, asked)).toEqual(answers);
    await append({ kind: 'round-closed', body: { round: 1, attempt: 1, contributions: 2, last: 4 } });
    expect(await log.accept(attempt, [...asked, contribution('c')])).toEqual([
      ...answers,
      { refused: 'closed' },
    ]);
    await log.close();
    const next = connect();
    onTestFinished(() => next.close());
    expect(await next.accept(attempt, asked)).toEqual(answers);
    expect(await entriesOf(next)).toHaveLength(5);
  });

  test('an attempt that is not open, or has another base, accepts nothing', async () => {
    const { connect, log, append } = await led();
    expect(await log.accept(attempt, [contribution('a')])).toEqual([{ refused: 'closed' }]);
    await append(first, opening(1));
    expect(
      await log.accept(attempt, [
        contribution('a', 'a', { base: 'f'.repeat(64) }),
        contribution('a', 'a', { round: 2 }),
      ]),
    ).toEqual([{ refused: 'closed' }, { refused: 'closed' }]);
    await log.accept(attempt, [contribution('a')]);
    await append(
      { kind: 'round-abandoned', body: { round: 1, attempt: 1, contributions: 1, loss: null } },
      opening(2),
    );
    expect(await log.accept(attempt, [contribution('a')])).toEqual([{ refused: 'closed' }]);
    const second = { ...attempt, attempt: 2 };
    const copied = contribution('b', 'a');
    expect(await log.accept(second, [copied])).toEqual([{ refused: 'duplicate' }]);
    expect(await log.accept(second, [contribution('a')])).toMatchObject([{ sequence: 6 }]);
    await log.close();
    const next = connect();
    onTestFinished(() => next.close());
    expect(await next.accept(second, [copied])).toEqual([{ refused: 'duplicate' }]);
  });

  test('times in the journal never decrease, and a clock that steps stops nothing', async () => {
    const clock = new TestClock();
    const { append } = await led(clock);
    const start = clock.now();
    const times: number[] = [];
    const day = 86_400_000;
    for (const step of [0, 0.5, 3_600_000, -3_600_000, -60 * day, 61 * day]) {
      clock.step(step);
      times.push(...(await append(refused)).map(({ time }) => time));
    }
    const later = start + 3_600_000;
    expect(times).toEqual([start, start, later, later, later, start + day]);
  });

  test('a follower reads present and later entries, until it stops or the log closes', async () => {
    const { log, append } = await led();
    await append(first, refused);
    const stop = new AbortController();
    const read: number[] = [];
    const reached = (sequence: number) => expect.poll(() => read.at(-1)).toBe(sequence);
    const following = (async () => {
      for await (const { sequence } of log.follow(1, stop.signal)) read.push(sequence);
    })();
    await reached(2);
    await append(opening(1), refused);
    await reached(4);
    await log.accept(attempt, [contribution('a')]);
    await reached(5);
    expect(read).toEqual([2, 3, 4, 5]);
    stop.abort();
    await following;
    const other = (async () => {
      for await (const _ of log.follow(5, new AbortController().signal));
    })();
    await log.close();
    await other;
  });
});

describe('SQLite', () => {
  async function opened() {
    const folder = temporaryFolder();
    const log = new SqliteLog(folder, () => 1000);
    onTestFinished(() => log.close());
    const lease = await log.lead('this process');
    if (lease === null) throw new Error('no lease');
    return { folder, log, lease, path: `${folder}/${journalFile}` };
  }

  async function fill(log: EventLog, lease: Lease, head: Head, count: number): Promise<Head> {
    const result = await log.append(
      lease,
      head,
      Array.from({ length: count }, () => refused),
    );
    if (!('entries' in result)) throw new Error(JSON.stringify(result));
    return result.entries.at(-1) ?? head;
  }

  test('operators can query the journal but not change it', async () => {
    const { log, lease, path } = await opened();
    await log.append(lease, noHead, [first, opening(1)]);
    await log.accept(attempt, [contribution('a')]);
    const database = new DatabaseSync(path);
    const select =
      "select body ->> 'tokens' as tokens, body ->> 'trainingLoss' + 0 as loss from entries where sequence = 3";
    expect(database.prepare(select).get()).toEqual({ tokens: 10, loss: 2.3 });
    expect(() => database.exec("update entries set kind = 'x'")).toThrow('append-only');
    expect(() => database.exec('delete from entries')).toThrow('append-only');
    database.close();
  });

  test('a long read does not block the relay, and the write-ahead log shrinks afterwards', async () => {
    const { log, lease, path } = await opened();
    const looking = new DatabaseSync(path);
    const pages = () => Number(looking.prepare('pragma wal_checkpoint(passive)').get()?.['log'] ?? -1);
    const reader = new DatabaseSync(path);
    reader.exec('begin');
    reader.prepare('select count(*) from entries').get();
    let head = await fill(log, lease, noHead, 1);
    const started = performance.now();
    for (let i = 0; i < 40; i++) head = await fill(log, lease, head, 100);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(pages()).toBeGreaterThan(256);
    reader.exec('commit');
    for (let i = 0; i < 3; i++) head = await fill(log, lease, head, 100);
    expect(pages()).toBeLessThanOrEqual(256);
    reader.close();
    looking.close();
  });

  test('an append to a file that another process has locked fails soon, and the next one succeeds', async () => {
    const { log, lease, path } = await opened();
    const head = await fill(log, lease, noHead, 1);
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    await expect(log.append(lease, head, [refused])).rejects.toMatchObject({ code: 'disk.failed' });
    other.exec('rollback');
    other.close();
    expect(await fill(log, lease, head, 1)).toMatchObject({ sequence: 2 });
  });

  test('a database of another program is refused, and not one byte of it changes', () => {
    const folder = temporaryFolder();
    const path = `${folder}/${journalFile}`;
    const other = new DatabaseSync(path);
    other.exec('create table entries (note text); insert into entries values (1)');
    other.close();
    const before = readFileSync(path);
    expect(() => new SqliteLog(folder)).toThrow(expect.objectContaining({ code: 'run.foreign-journal' }));
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual([journalFile]);
  });

  test('a full disk is reported, and appends work again when there is space', async () => {
    const { log, lease, path } = await opened();
    const other = new DatabaseSync(path);
    const head = await fill(log, lease, noHead, 10);
    other.close();
    class Small extends SqliteLog {
      limit(pages: number): void {
        this.database.exec(`pragma max_page_count = ${pages}`);
      }
    }
    await log.close();
    const small = new Small(path.slice(0, -journalFile.length - 1), () => 1000);
    onTestFinished(() => small.close());
    small.limit(8);
    const next = await small.lead('this process');
    if (next === null) throw new Error('no lease');
    await expect(fill(small, next, head, 500)).rejects.toMatchObject({ code: 'disk.full' });
    expect(await entriesOf(small)).toHaveLength(10);
    small.limit(1_000_000);
    expect(await fill(small, next, head, 500)).toMatchObject({ sequence: 510 });
  });
});
