import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { TapestryError } from '../../client/errors.ts';
import { EntryError, type StoredEntry } from '../journal/entry.ts';
import { selectEntries, storedEntryOf } from '../journal/rows.ts';
import type { Problem } from './problems.ts';

/** Entries read in one query. Between queries no transaction is open, so a reader never delays a running relay. */
const pageEntries = 256;

/** The greatest number of problems that SQLite's check of a file reports. */
const namedFaults = 20;

/**
 * The entries of a run's journal file, read through SQLite. The journal is never written: a file without a write-ahead
 * log is opened as immutable, and one with a log (a running relay, or one that crashed) read-only, where SQLite writes
 * nothing but the log's index, journal.sqlite-shm.
 */
export class JournalReader {
  readonly #path: string;
  readonly #immutable: boolean;
  readonly #database: DatabaseSync;

  /** Throws TapestryError `run.unreadable` if the file cannot be opened. */
  constructor(path: string) {
    this.#path = path;
    this.#immutable = !existsSync(`${path}-wal`);
    const url = pathToFileURL(path);
    if (this.#immutable) url.searchParams.set('immutable', '1');
    try {
      this.#database = new DatabaseSync(url, { readOnly: true, timeout: 5000 });
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }

  /** Entries in order. Throws EntryError for a row that is not an entry or is damaged in the file. */
  *entries(): Generator<StoredEntry, void> {
    let last = 0;
    for (;;) {
      const page = this.#page(last);
      for (const row of page) {
        const entry = storedEntryOf(row, last + 1);
        yield entry;
        last = entry.sequence;
      }
      if (page.length < pageEntries) return;
    }
  }

  /** How many rounds the newest commit says are committed, unchecked; 0 before the first and where it cannot be read. */
  committed(): number {
    try {
      const newest = `select json_extract(body, '$.round') as round from entries where kind = 'round-committed'
        order by sequence desc limit 1`;
      const round = Number(this.#database.prepare(newest).get()?.['round'] ?? 0);
      return Number.isSafeInteger(round) ? round : 0;
    } catch (cause) {
      if (isDamage(cause)) return 0;
      throw unreadable(this.#path, cause);
    }
  }

  /** The problems that SQLite's integrity check finds in the file. */
  problems(): Problem[] {
    const place = 'journal.sqlite';
    let rows: Record<string, unknown>[];
    try {
      rows = this.#database.prepare(`pragma integrity_check(${namedFaults})`).all();
    } catch (cause) {
      if (!isDamage(cause)) throw unreadable(this.#path, cause);
      rows = [{ integrity_check: messageOf(cause) }];
    }
    return rows
      .map((row) => String(row['integrity_check']))
      .filter((problem) => problem !== 'ok')
      .map((problem) => ({ code: 'journal.damaged', place, problem: `SQLite: ${problem}` }));
  }

  /** Throws TapestryError `run.in-use` if a relay began to write to a file that was read as immutable. */
  close(): void {
    this.#database.close();
    if (!this.#immutable || !existsSync(`${this.#path}-wal`)) return;
    throw new TapestryError(
      'run.in-use',
      'A relay was started in this folder while it was read.',
      'Run the same command again.',
    );
  }

  #page(after: number): Record<string, unknown>[] {
    try {
      return this.#database.prepare(selectEntries).all(after, pageEntries);
    } catch (cause) {
      if (!isDamage(cause)) throw unreadable(this.#path, cause);
      throw new EntryError(
        after + 1,
        'row',
        `or one soon after it cannot be read: ${messageOf(cause)}`,
        'form',
      );
    }
  }
}

/**
 * SQLite's result codes for damaged files: ERROR (the table is gone), CORRUPT, TOOBIG, FORMAT
 * and NOTADB. An integer past 2^53 is out of range for Node.
 */
const damage: ReadonlySet<unknown> = new Set([1, 11, 18, 24, 26]);

function isDamage(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if ('code' in cause && cause.code === 'ERR_OUT_OF_RANGE') return true;
  return 'errcode' in cause && typeof cause.errcode === 'number' && damage.has(cause.errcode & 0xff);
}

function unreadable(path: string, cause: unknown): TapestryError {
  return new TapestryError(
    'run.unreadable',
    `${path} cannot be opened: ${messageOf(cause)}.`,
    'Verify a copy of the folder that this user may read and write.',
    { cause },
  );
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
