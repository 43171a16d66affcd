import { DatabaseSync, type StatementSync } from 'node:sqlite';
import * as v from 'valibot';
import { TapestryError } from '../../client/errors.ts';
import { TaskQueue } from '../run/task-queue.ts';
import { diskFailed, diskFull, nodeFiles } from '../storage/files.ts';
import type { Contribution } from './contribution.ts';
import { checkEntry, type Draft, type Entry, noPrevious, type StoredEntry } from './entry.ts';
import type { Accepted, Appended, Attempt, EventLog, Head, Lease, NotAccepted } from './event-log.ts';
import { answersOf, type ChainedEntry, JournalEnd } from './journal-end.ts';
import { stalenessOf } from './recent-rounds.ts';
import { journalFile, selectEntries, storedEntryOf } from './rows.ts';
import { Wake } from './wake.ts';

export const lockFile = 'relay.lock';

/** Entries that one query reads: a long journal needs little memory, and no query is long. */
const pageEntries = 256;

/** Makes the write-ahead log in this folder durable. Rejects if the disk fails. */
export type SyncLog = (folder: string) => Promise<void>;

/**
 * The journal as one append-only SQLite table in a run's folder, written by one process. An append that returned is on the disk:
 * SQLite commits it to the write-ahead log (synchronous=NORMAL), and then the log is synced in another thread, since a disk
 * that is busy may take a second for it. Nobody reads an entry from here before that. Operators can read it beside the running relay:
 * `sqlite3 journal.sqlite "select time, body ->> 'tokens' from entries where kind = 'round-committed'"`.
 *
 * The relay never waits long for the file: the write-ahead log is checkpointed passively, a few pages at a time, and a
 * file that another process has locked fails the append after `busyMs`.
 */
export class SqliteLog implements EventLog {
  protected readonly database: DatabaseSync;
  readonly #folder: string;
  readonly #now: () => number;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #sync: SyncLog;
  readonly #wake = new Wake();
  /** Appends, one after another. */
  readonly #appends = new TaskQueue();
  readonly #ended = new AbortController();
  /** Null until it is needed, and after a failure that may or may not have appended. */
  #end: JournalEnd | null = null;
  /** The first entry that is committed and not synced yet. */
  #unsynced = Number.POSITIVE_INFINITY;
  #lock: DatabaseSync | null = null;
  #lease: Lease | null = null;

  /** `now` gives milliseconds since 1970 and may step. Throws TapestryError `run.foreign-journal`, `disk.full` or `disk.failed`. */
  constructor(folder: string, now: () => number = Date.now, sync: SyncLog = syncWriteAheadLog) {
    const path = `${folder}/${journalFile}`;
    this.#folder = folder;
    this.#now = now;
    this.#sync = sync;
    try {
      this.database = new DatabaseSync(path, { timeout: busyMs });
      const isNew = this.database.prepare('select 1 from sqlite_schema').get() === undefined;
      // Also before the first setting: it would change the file.
      if (!isNew) requireOwn(this.database, path);
      this.database.exec(settings);
      if (isNew) this.database.exec(schema);
      this.#insert = this.database.prepare(
        'insert into entries (sequence, time, kind, body, previous, hash) values (?, ?, ?, ?, ?, ?)',
      );
      this.#select = this.database.prepare(selectEntries);
    } catch (cause) {
      throw cause instanceof TapestryError ? cause : storageError(cause, path);
    }
  }

  async *read(after: number): AsyncGenerator<StoredEntry, void> {
    let from = after;
    while (!this.#ended.signal.aborted) {
      const page = this.#page(from);
      yield* page;
      from = page.at(-1)?.sequence ?? from;
      if (page.length < pageEntries) return;
    }
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<StoredEntry, void> {
    const until = AbortSignal.any([signal, this.#ended.signal]);
    let last = after;
    while (!until.aborted) {
      const seen = this.#wake.times;
      for await (const entry of this.read(last)) {
        if (until.aborted) return;
        last = entry.sequence;
        yield entry;
      }
      await this.#wake.after(seen, until);
    }
  }

  accept(
    open: Attempt,
    contributions: readonly Contribution[],
  ): Promise<readonly (Accepted | NotAccepted)[]> {
    return this.#appends.run(async () => {
      const plan = this.#loaded().plan(open, contributions);
      return answersOf(plan, await this.#append(plan.drafts));
    });
  }

  append(lease: Lease, expected: Head, drafts: readonly Draft[]): Promise<Appended> {
    return this.#appends.run(async () => {
      if (!this.#isCurrent(lease)) return { fenced: true };
      const { head } = this.#loaded();
      if (head.sequence !== expected.sequence || head.hash !== expected.hash) {
        return { conflict: { sequence: head.sequence, hash: head.hash } };
      }
      return { entries: await this.#append(drafts) };
    });
  }

  /**
   * Leads until the process ends or the log closes: an SQLite lock on a file of its own, which the system drops with the
   * process. `ms` is ignored.
   */
  async lead(holder: string): Promise<Lease | null> {
    if (this.#lease !== null) return this.#lease.holder === holder ? this.#lease : null;
    const lock = new DatabaseSync(`${this.#folder}/${lockFile}`);
    try {
      lock.exec('pragma journal_mode = memory; begin exclusive');
      const { version } = v.parse(versionSchema, lock.prepare('pragma user_version').get());
      lock.exec(`pragma user_version = ${version + 1}; commit; begin exclusive`);
      this.#lock = lock;
      // The previous leader may have appended since this log last read.
      this.#end = null;
      this.#lease = { holder, token: version + 1 };
      return this.#lease;
    } catch (cause) {
      lock.close();
      if (errorCode(cause) === sqliteBusy) return null;
      throw storageError(cause, lockFile);
    }
  }

  async renew(lease: Lease): Promise<boolean> {
    return this.#isCurrent(lease);
  }

  async close(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    await this.#appends.run(async () => {});
    this.#lease = null;
    this.#lock?.close();
    this.database.close();
  }

  #isCurrent({ holder, token }: Lease): boolean {
    return this.#lease !== null && this.#lease.holder === holder && this.#lease.token === token;
  }

  /** The journal's end, from the entries since the oldest round that contributions may begin from opened for the first time. */
  #loaded(): JournalEnd {
    if (this.#end !== null) return this.#end;
    const end = new JournalEnd();
    let previous: StoredEntry | null = null;
    const apply = (stored: StoredEntry) => {
      const entry = checkEntry(stored, previous ?? precedingOf(stored));
      end.apply({ stored, entry });
      previous = stored;
      return entry;
    };
    const [first] = this.#page(0, 1);
    const created = first === undefined ? null : apply(first);
    const staleness = created?.kind === 'run-created' ? stalenessOf(created) : 0;
    let at = Math.max(first?.sequence ?? 0, this.#openedBefore(staleness) - 1);
    if (at > (first?.sequence ?? 0)) previous = null;
    for (let page = this.#page(at); ; page = this.#page(at)) {
      for (const stored of page) at = apply(stored).sequence;
      if (page.length < pageEntries) break;
    }
    this.#end = end;
    return end;
  }

  /** The sequence at which the round that is so many rounds before the latest opened for the first time; that of the last entry before any. */
  #openedBefore(rounds: number): number {
    const opened = this.database
      .prepare(
        `select sequence from entries where kind = 'round-opened' and json_extract(body, '$.attempt') = 1
         order by sequence desc limit 1 offset ?`,
      )
      .get(rounds);
    const entries = this.database
      .prepare(`select case when ? = 0 then max(sequence) else min(sequence) end as sequence from entries`)
      .get(rounds);
    return v.parse(sequenceSchema, opened ?? entries ?? {}).sequence ?? 1;
  }

  #page(after: number, most = pageEntries): StoredEntry[] {
    const page = this.#select.all(after, most).map((row, i) => storedEntryOf(row, after + i + 1));
    return page.filter(({ sequence }) => sequence < this.#unsynced);
  }

  /** Appends in one transaction, and applies what was appended. Calls must not overlap. */
  async #append(drafts: readonly Draft[]): Promise<Entry[]> {
    const end = this.#loaded();
    const chained = end.chain(this.#now(), drafts);
    if (chained.length === 0) return [];
    try {
      this.#unsynced = chained[0]?.stored.sequence ?? Number.POSITIVE_INFINITY;
      this.#write(chained);
      await this.#sync(this.#folder);
    } catch (cause) {
      this.#end = null;
      if (this.database.isTransaction) this.database.exec('rollback');
      throw storageError(cause, 'the journal');
    } finally {
      this.#unsynced = Number.POSITIVE_INFINITY;
    }
    for (const one of chained) end.apply(one);
    this.#wake.all();
    return chained.map(({ entry }) => entry);
  }

  #write(chained: readonly ChainedEntry[]): void {
    this.database.exec('begin immediate');
    for (const { stored } of chained) {
      const { sequence, time, kind, body, previous, hash } = stored;
      this.#insert.run(sequence, time, kind, body, previous, hash);
    }
    this.database.exec('commit');
  }
}

/** The file's name is durable: the log has it from its opening on, and `openRun` syncs the folder then. */
const syncWriteAheadLog: SyncLog = (folder) => nodeFiles.syncFile(`${folder}/${journalFile}-wal`);

/** How long an append waits for another process that holds the file locked. The relay does nothing else meanwhile. */
const busyMs = 250;

/**
 * Freed bytes are zeroed, so the file holds each entry once. A checkpoint of 256 pages moves at most 1 MiB, unless a reader
 * delayed the one before.
 */
const settings = `pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 256;
pragma journal_size_limit = 4194304; pragma secure_delete = on;`;

/** Marks the file as ours in its header: "TAPE". */
export const applicationId = 0x54415045;

const schema = `
pragma application_id = ${applicationId};
begin immediate;
create table if not exists entries (
  sequence integer primary key,
  time integer not null,
  kind text not null,
  body text not null,
  previous text not null,
  hash text not null
) strict;
create trigger if not exists entries_are_not_changed before update on entries
  begin select raise(abort, 'the journal is append-only'); end;
create trigger if not exists entries_are_not_removed before delete on entries
  begin select raise(abort, 'the journal is append-only'); end;
commit;`;

const versionSchema = v.pipe(
  v.object({ user_version: v.number() }),
  v.transform(({ user_version }) => ({ version: user_version })),
);
const markSchema = v.object({ application_id: v.number() });
const sequenceSchema = v.object({ sequence: v.nullable(v.number()) });

/** The entry before this one, as far as this one names it, for a reader that begins in the middle of the journal. */
function precedingOf({ sequence, previous }: StoredEntry): StoredEntry | null {
  if (previous === noPrevious) return null;
  return { sequence: sequence - 1, time: 0, kind: '', body: '', previous: '', hash: previous };
}

/** Throws `run.foreign-journal` for a database without the mark of a journal. */
function requireOwn(database: DatabaseSync, path: string): void {
  const { application_id: mark } = v.parse(markSchema, database.prepare('pragma application_id').get());
  if (mark === applicationId) return;
  database.close();
  throw new TapestryError(
    'run.foreign-journal',
    `${path} is a database of another program`,
    'Name another folder for the run.',
  );
}

const sqliteBusy = 5;
const sqliteFull = 13;

function errorCode(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'errcode' in cause ? cause.errcode : null;
}

function storageError(cause: unknown, what: string): TapestryError {
  return errorCode(cause) === sqliteFull ? diskFull(what, cause) : diskFailed(what, cause);
}
