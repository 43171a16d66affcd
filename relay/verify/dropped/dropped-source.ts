import { TapestryError } from '../../../client/errors.ts';
import { EntryError, type StoredEntry } from '../../journal/entry.ts';
import { journalFile, storedEntryOf } from '../../journal/rows.ts';
import { blobsIn, otherProblems } from '../other-files.ts';
import type { VerifySource } from '../source.ts';
import { type DroppedFile, DroppedFolder, readable } from './dropped-folder.ts';
import { SqliteDamage, SqlitePages } from './sqlite-pages.ts';
import { rowsOf, type Value } from './sqlite-rows.ts';

/** The columns of the journal's table, of which the first is the row's id. */
const columns = ['sequence', 'time', 'kind', 'body', 'previous', 'hash'] as const;

/**
 * A run's folder that a person gave to a page, as `verifyRun` reads it: the same entries, blobs and other files as `folderSource`, but
 * for SQLite's own check of its file and for relay.key, which no page should read. The folder of a demo holds its relay's.
 * Throws TapestryError `run.missing`; reading throws `run.unreadable`.
 */
export function droppedSource(files: readonly DroppedFile[]): VerifySource {
  const folder = new DroppedFolder(files, rootOf(files));
  return {
    journal: () => readJournal(folder),
    committed: () => committedIn(folder),
    published: () => [],
    blob: blobsIn(folder),
    rest: (replay, isWhole) => otherProblems(folder, isWhole ? replay : null),
  };
}

/** The folder of the journal that is nearest to the top. Throws `run.missing`. */
function rootOf(files: readonly DroppedFile[]): string {
  const roots = files
    .filter(({ path }) => path === journalFile || path.endsWith(`/${journalFile}`))
    .map(({ path }) => path.slice(0, -journalFile.length));
  const [nearest] = roots.toSorted((a, b) => a.split('/').length - b.split('/').length);
  if (nearest !== undefined) return nearest;
  throw new TapestryError(
    'run.missing',
    `These files hold no run: none of them is ${journalFile}.`,
    'Choose the data folder of a relay, or a copy of it.',
  );
}

async function rowsIn(folder: DroppedFolder, isDescending: boolean) {
  const file = folder.file(journalFile) ?? new Blob();
  const pages = await SqlitePages.open(file, folder.file(`${journalFile}-wal`));
  return rowsOf(pages, 'entries', isDescending);
}

async function* readJournal(folder: DroppedFolder): AsyncGenerator<StoredEntry, void> {
  let last = 0;
  const rows = await entering(0, () => rowsIn(folder, false));
  for (;;) {
    const { done, value } = await entering(last, () => rows.next());
    if (done === true) return;
    const entry = storedEntryOf(rowOf(value.id, value.values), last + 1);
    yield entry;
    last = entry.sequence;
  }
}

/** What `read` gives. Throws EntryError for the entry after `last` where the file is damaged. */
function entering<T>(last: number, read: () => Promise<T>): Promise<T> {
  return readable(journalFile, read).catch((error: unknown) => {
    if (!(error instanceof SqliteDamage)) throw error;
    throw new EntryError(last + 1, 'row', `or one soon after it cannot be read: ${error.message}`, 'form');
  });
}

/** The id of a row stands for the first column, whose place in the row is empty. */
function rowOf(id: number, values: readonly Value[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((name, index) => [name, index === 0 ? id : values[index]]));
}

/** How many rounds the newest commit says are committed, unchecked; 0 before the first and where it cannot be read. */
async function committedIn(folder: DroppedFolder): Promise<number> {
  try {
    for await (const { values } of await readable(journalFile, () => rowsIn(folder, true))) {
      const { kind, body } = rowOf(0, values);
      if (kind !== 'round-committed' || typeof body !== 'string') continue;
      const round = Number(/"round":(\d{1,15})/.exec(body)?.[1] ?? 0);
      return Number.isSafeInteger(round) ? round : 0;
    }
    return 0;
  } catch (error) {
    if (error instanceof SqliteDamage) return 0;
    throw error;
  }
}
