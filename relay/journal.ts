import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import * as v from 'valibot';
import type { TapestryError } from '../client/errors.ts';
import {
  checkEntry,
  type Entry,
  EntryError,
  type EntryKind,
  type EntryOf,
  lineOf,
  nextEntry,
  type StoredEntry,
} from './entries.ts';
import { diskFailed, diskFull } from './files.ts';

/**
 * The relay's log of events and its only state: one append-only SQLite table, each row chained to the one before by
 * SHA-256. An append that returned is on the disk (write-ahead log, synchronous=FULL). Operators can read it beside the
 * running relay: `sqlite3 journal.sqlite "select time, body ->> 'tokens' from entries where kind = 'round-committed'"`.
 */
export class Journal {
  protected readonly database: DatabaseSync;
  #last: StoredEntry | null;

  /** `path` may be `:memory:`. Throws TapestryError `run.damaged` when the file is no journal. */
  constructor(path: string) {
    try {
      this.database = new DatabaseSync(path, { timeout: 5000 });
      this.database.exec(settings);
      if (this.schema.length === 0) this.database.exec(schema);
      this.#last = this.#rows('where sequence = (select max(sequence) from entries)').next().value ?? null;
    } catch (cause) {
      throw storageError(cause, path);
    }
  }

  /** The last entry; null in a journal that has none. */
  get last(): StoredEntry | null {
    return this.#last;
  }

  /** Appends and syncs. On an error nothing was appended: `disk.full`, or `disk.failed` for any other. */
  append<Kind extends EntryKind>(time: number, kind: Kind, body: EntryOf<Kind>['body']): Entry {
    const stored = nextEntry(this.#last, Math.max(Math.floor(time), this.#last?.time ?? 0), kind, body);
    const entry = checkEntry(stored, this.#last);
    const { sequence, hash, previous } = stored;
    try {
      this.database
        .prepare('insert into entries (sequence, time, kind, body, previous, hash) values (?, ?, ?, ?, ?, ?)')
        .run(sequence, stored.time, kind, stored.body, previous, hash);
    } catch (cause) {
      throw storageError(cause, 'the journal');
    }
    this.#last = stored;
    return entry;
  }

  /** Entries after `sequence`, in order, read in pages so that a long journal needs little memory. */
  *stored(after = 0): Generator<StoredEntry, void> {
    let from = after;
    while (this.database.isOpen) {
      let read = 0;
      for (const entry of this.#rows('where sequence > ? order by sequence limit 256', from)) {
        from = entry.sequence;
        read++;
        yield entry;
      }
      if (read < 256) return;
    }
  }

  /** Every entry, checked. Throws EntryError for the first that is not as it was written. */
  *entries(): Generator<Entry, void> {
    let previous: StoredEntry | null = null;
    for (const stored of this.stored()) {
      yield checkEntry(stored, previous);
      previous = stored;
    }
  }

  /** Entries after `sequence` as lines of JSON, without line ends. */
  *lines(after: number): Generator<string, void> {
    for (const entry of this.stored(after)) yield lineOf(entry);
  }

  /** The version of SQLite that writes the file. */
  get sqliteVersion(): string {
    const row = this.database.prepare('select sqlite_version() as version').get();
    return v.parse(v.object({ version: v.string() }), row).version;
  }

  /** What the file says of its own table, as SQLite keeps it on the first page. */
  get schema(): string[] {
    const rows = this.database.prepare('select type, name, tbl_name, rootpage, sql from sqlite_schema').all();
    return rows.map((row) => Object.values(row).join('\n'));
  }

  /** Moves the write-ahead log into the file and empties it, unless a reader holds it just now. */
  checkpoint(): void {
    this.database.exec('pragma wal_checkpoint(truncate)');
  }

  close(): void {
    this.database.close();
  }

  *#rows(condition: string, ...values: SQLInputValue[]): Generator<StoredEntry, void> {
    const select = `select sequence, time, kind, body, previous, hash from entries ${condition}`;
    for (const row of this.database.prepare(select).all(...values)) yield storedEntryOf(row);
  }
}

/** `secure_delete` keeps the unused bytes of every page zero, so that relay/sqlite-file.ts can account for each byte. */
/** Pages this large keep the table's tree two levels high, where every byte is accounted for, to some 45,000 entries. */
export const pageSize = 16384;
const settings = `pragma page_size = ${pageSize}; pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;`;

/** Marks the file as ours in its header: "TAPE". */
export const applicationId = 0x54415045;

const schema = `
pragma application_id = ${applicationId};
begin immediate;
create table entries (
  sequence integer primary key,
  time integer not null,
  kind text not null,
  body text not null,
  previous text not null,
  hash text not null
) strict;
create trigger entries_are_not_changed before update on entries
  begin select raise(abort, 'the journal is append-only'); end;
create trigger entries_are_not_removed before delete on entries
  begin select raise(abort, 'the journal is append-only'); end;
commit;`;

const rowSchema = v.strictObject({
  sequence: v.number(),
  time: v.number(),
  kind: v.string(),
  body: v.string(),
  previous: v.string(),
  hash: v.string(),
});

function storedEntryOf(row: Record<string, SQLInputValue>): StoredEntry {
  const parsed = v.safeParse(rowSchema, row);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new EntryError(Number(row['sequence']), v.getDotPath(issue) ?? 'row', issue.message);
}

const sqliteFull = 13;

function storageError(cause: unknown, what: string): TapestryError {
  const code = typeof cause === 'object' && cause !== null && 'errcode' in cause ? cause.errcode : null;
  return code === sqliteFull ? diskFull(what, cause) : diskFailed(what, cause);
}
