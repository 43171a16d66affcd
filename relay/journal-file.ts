import { EntryError, type StoredEntry } from './entries.ts';
import { applicationId, Journal, pageSize } from './journal.ts';
import { withLog } from './sqlite-log.ts';
import { DatabasePages, type Row } from './sqlite-pages.ts';
import type { Problem } from './verify.ts';

/**
 * The bytes of journal.sqlite and its write-ahead log, read without SQLite and held to account one by one: each belongs
 * to an entry (whose hash covers it), has one value that it can have, or is zero. Not covered, because they are not
 * part of the journal: pages of journal.sqlite that the log replaces, journal.sqlite-shm (an index that SQLite makes
 * anew), and once the journal has some 45,000 entries, spare bytes of the pages that only point to others.
 */
export class JournalFile {
  readonly #pages: DatabasePages;
  readonly #problems: Problem[] = [];

  /** `log` is empty where there is none. */
  constructor(database: Uint8Array<ArrayBuffer>, log: Uint8Array<ArrayBuffer>) {
    const whole = withLog(database, log);
    this.#problems.push(...whole.problems);
    this.#pages = new DatabasePages(whole.database, pageSize);
  }

  /** Throws EntryError for a row that is no entry. */
  *entries(): Generator<StoredEntry, void> {
    for (const row of this.#pages.rows(entriesRoot)) yield storedEntryOf(row);
  }

  /**
   * What is wrong with the file itself. Call it when the entries were read. `writers` are the versions of SQLite that
   * the journal names; none where it could not be read so far.
   */
  problems(writers: ReadonlySet<string>): readonly Problem[] {
    this.#checkHeader(writers);
    const expected = new Journal(':memory:');
    const schema = [...this.#pages.rows(1)].map(({ values }) => values.join('\n'));
    if (schema.join('\n') !== expected.schema.join('\n')) {
      this.#pages.wrong(100, 'the first page does not describe the journal’s table');
    }
    expected.close();
    this.#pages.expectAllVisited();
    return [...this.#problems, ...this.#pages.problems];
  }

  /** The database header (file format, section 1.3). */
  #checkHeader(writers: ReadonlySet<string>): void {
    const pages = this.#pages;
    const expected = new Uint8Array(100);
    const view = new DataView(expected.buffer);
    expected.set(new TextEncoder().encode('SQLite format 3\0'));
    view.setUint16(16, pageSize);
    // Write-ahead log, read and write; no reserved bytes; the three payload fractions.
    expected.set([2, 2, 0, 64, 32, 32], 18);
    // The change counter counts as it likes, and is repeated at byte 92.
    view.setUint32(24, pages.uint32(92));
    view.setUint32(28, pages.pages);
    view.setUint32(40, schemaCookie);
    view.setUint32(44, 4);
    view.setUint32(56, 1);
    view.setUint32(68, applicationId);
    view.setUint32(92, pages.uint32(24));
    const writer = pages.uint32(96);
    view.setUint32(96, writer);
    for (let at = 0; at < 100; at++) {
      if (pages.byte(at) !== expected[at]) pages.wrong(at, `is ${pages.byte(at)}, expected ${expected[at]}`);
    }
    const version = [Math.floor(writer / 1_000_000), Math.floor(writer / 1000) % 1000, writer % 1000].join(
      '.',
    );
    if (writers.size > 0 && !writers.has(version))
      pages.wrong(96, `names SQLite ${version}, which did not write this journal`);
  }
}

/** Where SQLite puts the first table of a file, and how many changes of the schema make the journal's. */
const entriesRoot = 2;
const schemaCookie = 3;

function storedEntryOf({ id, values }: Row): StoredEntry {
  const [alias, time, kind, body, previous, hash, ...more] = values;
  const whole =
    alias === null &&
    typeof time === 'number' &&
    typeof kind === 'string' &&
    typeof body === 'string' &&
    typeof previous === 'string' &&
    typeof hash === 'string' &&
    more.length === 0;
  if (!whole) throw new EntryError(id, 'row', 'has columns of other types than an entry');
  return { sequence: id, time, kind, body, previous, hash };
}
