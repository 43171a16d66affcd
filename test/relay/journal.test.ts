import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import {
  canonicalJson,
  checkEntry,
  EntryError,
  type EntryOf,
  entryOfLine,
  hashOf,
  lineOf,
  noPrevious,
  type StoredEntry,
} from '../../relay/entries.ts';
import { Journal } from '../../relay/journal.ts';
import { JournalFile } from '../../relay/journal-file.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A journal with a setting of SQLite's changed. */
class SetJournal extends Journal {
  constructor(path: string, setting: string) {
    super(path);
    this.set(setting);
  }

  set(setting: string): void {
    this.database.exec(`pragma ${setting}`);
  }
}

const hash = 'ab'.repeat(32);
const accepted: EntryOf<'contribution-accepted'>['body'] = {
  round: 1,
  key: hash,
  base: hash,
  payload: hash,
  payloadBytes: 10,
  steps: 5,
  tokens: 100,
  trainingLoss: 1.5,
  heldOutLoss: 2.5,
  signature: 'cd'.repeat(64),
};

function filled(path = ':memory:'): Journal {
  const journal = new Journal(path);
  journal.append(1000, 'run-created', { manifest: 'abcd', signature: 'ef'.repeat(64) });
  journal.append(1001, 'relay-started', { sqlite: journal.sqliteVersion });
  journal.append(1002, 'node-joined', { key: hash, host: 'deno', nation: null });
  journal.append(1003, 'contribution-accepted', accepted);
  journal.append(1004, 'refused', { round: 1, counts: { TOO_LATE: 3, MALFORMED: 1 } });
  return journal;
}

test('entries come back as they were written, after a restart too', () => {
  const path = `${temporaryFolder()}/journal.sqlite`;
  const first = filled(path);
  const written = [...first.entries()];
  first.close();
  const journal = new Journal(path);
  expect([...journal.entries()]).toEqual(written);
  expect(journal.last?.sequence).toBe(5);
  expect([...journal.stored(3)].map(({ sequence }) => sequence)).toEqual([4, 5]);
  journal.close();
});

test('the chain is the SHA-256 that the documentation says', async () => {
  const [first, second] = [...filled().stored()];
  if (!first || !second) throw new Error('no entries');
  expect(first.previous).toBe(noPrevious);
  expect(second.previous).toBe(first.hash);
  const le = (value: number) => [...new Uint8Array(new BigUint64Array([BigInt(value)]).buffer)];
  const text = new TextEncoder().encode(`${first.kind}\0${first.body}`);
  const bytes = new Uint8Array([...new Uint8Array(32), ...le(1), ...le(1000), ...text]);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  expect(first.hash).toBe(Buffer.from(digest).toString('hex'));
});

test('every float32 keeps its bits, the zeros their signs', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (loss) => {
      const journal = new Journal(':memory:');
      journal.append(0, 'contribution-accepted', { ...accepted, trainingLoss: loss, heldOutLoss: -0 });
      const [entry] = [...journal.entries()];
      journal.close();
      if (entry?.kind !== 'contribution-accepted') throw new Error('another entry');
      expect(Object.is(entry.body.trainingLoss, loss)).toBe(true);
      expect(Object.is(entry.body.heldOutLoss, -0)).toBe(true);
    }),
  );
});

test('time never goes back, whatever the clock says', () => {
  const journal = filled();
  expect(journal.append(5, 'node-left', { key: hash }).time).toBe(1004);
  expect([...journal.entries()]).toHaveLength(6);
});

test('operators can ask it questions, but not change it', () => {
  const path = `${temporaryFolder()}/journal.sqlite`;
  filled(path).close();
  const database = new DatabaseSync(path);
  const row = database
    .prepare("select body ->> 'tokens' as tokens from entries where kind like 'contribution%'")
    .get();
  expect(row).toEqual({ tokens: 100 });
  expect(() => database.exec("update entries set kind = 'x'")).toThrow('append-only');
  expect(() => database.exec('delete from entries')).toThrow('append-only');
  database.close();
});

test('a full disk is said, and the journal goes on after it', () => {
  const path = `${temporaryFolder()}/journal.sqlite`;
  filled(path).close();
  const small = new SetJournal(path, 'max_page_count = 4');
  const fill = () => {
    for (let i = 0; i < 1000; i++) small.append(2000, 'contribution-accepted', accepted);
  };
  expect(fill).toThrow(expect.objectContaining({ code: 'disk.full' }));
  const { last } = small;
  small.close();
  const again = new Journal(path);
  expect(again.last).toEqual(last);
  again.append(3000, 'node-left', { key: hash });
  expect([...again.entries()].length).toBe((last?.sequence ?? 0) + 1);
  again.close();
});

test('a line is an entry and nothing else is', () => {
  const stored = [...filled().stored()];
  for (const entry of stored) expect(entryOfLine(lineOf(entry), entry.sequence)).toEqual(entry);
  const [line = ''] = stored.map(lineOf);
  fc.assert(
    fc.property(fc.nat(line.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const changed = line.slice(0, at) + character + line.slice(at + 1);
      if (changed === line) return;
      expect(() => checkEntry(entryOfLine(changed, 1), null)).toThrow(EntryError);
    }),
  );
  for (const text of ['', 'null', '[]', '{}', ` ${line}`, line.replace('{', '{"x":1,')]) {
    expect(() => entryOfLine(text, 1)).toThrow(EntryError);
  }
});

test('an entry that is not one is refused by field, however sound its hash', () => {
  const refused = (changes: Partial<StoredEntry>) => {
    const entry = {
      sequence: 1,
      time: 5,
      kind: 'node-left',
      body: canonicalJson({ key: hash }),
      previous: noPrevious,
      ...changes,
    };
    try {
      checkEntry({ ...entry, hash: hashOf(entry) }, null);
    } catch (error) {
      if (error instanceof EntryError) return error.field;
    }
    return null;
  };
  expect(refused({})).toBeNull();
  expect(refused({ sequence: 2 })).toBe('sequence');
  expect(refused({ previous: hash })).toBe('previous');
  expect(refused({ kind: 'other' })).toBe('kind');
  expect(refused({ body: '{' })).toBe('body');
  expect(refused({ body: `{"key": "${hash}"}` })).toBe('body');
  expect(refused({ body: `{"key":"${hash}","more":1}` })).toBe('body.more');
  expect(refused({ body: '{"key":"AB"}' })).toBe('body.key');
});

test('a long journal is read without SQLite just the same, its divided pages and its overflowing rows too', () => {
  const path = `${temporaryFolder()}/journal.sqlite`;
  const journal = new SetJournal(path, 'synchronous = off');
  const random = Random.seeded(2);
  for (let i = 0; i < 3000; i++) {
    const contributions = Array.from({ length: random.below(20) === 0 ? 3000 : 3 }, () =>
      random.below(100_000),
    );
    journal.append(i, 'round-committed', { round: i, contributions, tokens: i, base: hash, momentum: hash });
  }
  const expected = [...journal.stored()];
  const { sqliteVersion } = journal;
  journal.close();
  const file = new JournalFile(new Uint8Array(readFileSync(path)), new Uint8Array(0));
  expect([...file.entries()]).toEqual(expected);
  expect(file.problems(new Set([sqliteVersion]))).toEqual([]);
  expect(file.problems(new Set(['1.2.3']))).not.toEqual([]);
});

test('the log is read as SQLite recovers it: what is older than its last beginning does not count', () => {
  const path = `${temporaryFolder()}/journal.sqlite`;
  const journal = new SetJournal(path, 'synchronous = full');
  const read = () => {
    const file = new JournalFile(
      new Uint8Array(readFileSync(path)),
      new Uint8Array(readFileSync(`${path}-wal`)),
    );
    const entries = [...file.entries()];
    expect(file.problems(new Set())).toEqual([]);
    return entries;
  };
  for (let i = 0; i < 60; i++) journal.append(i, 'contribution-accepted', accepted);
  expect(read()).toEqual([...journal.stored()]);
  // Begun anew without being cut, the log keeps frames of its last life behind the new ones.
  journal.set('wal_checkpoint(restart)');
  for (let i = 0; i < 5; i++) journal.append(100, 'node-left', { key: hash });
  expect(read()).toEqual([...journal.stored()]);
  journal.checkpoint();
  expect(read()).toEqual([...journal.stored()]);
  journal.close();
});
