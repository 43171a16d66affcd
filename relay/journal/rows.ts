import * as v from 'valibot';
import { EntryError, type StoredEntry } from './entry.ts';

/** The name of the journal's file in a run's folder. */
export const journalFile = 'journal.sqlite';

/** Reads the journal's table. Parameters: the sequence number to begin after, and the number of rows to read. */
export const selectEntries =
  'select sequence, time, kind, body, previous, hash from entries where sequence > ? order by sequence limit ?';

const rowSchema = v.strictObject({
  sequence: v.number(),
  time: v.number(),
  kind: v.string(),
  body: v.string(),
  previous: v.string(),
  hash: v.string(),
});

/** The entry of a row; `sequence` is the number that an error names. Throws EntryError. */
export function storedEntryOf(row: Record<string, unknown>, sequence: number): StoredEntry {
  const parsed = v.safeParse(rowSchema, row);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? 'row';
  throw new EntryError(sequence, field, 'has a value of another type than an entry', 'form');
}
