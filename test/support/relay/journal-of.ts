import { checkEntry, type Entry, type StoredEntry } from '../../../relay/journal/entry.ts';
import { journalFile } from '../../../relay/journal/rows.ts';
import { JournalReader } from '../../../relay/verify/journal-reader.ts';

/** The entries of the journal in a run's folder. */
export function journalOf(folder: string): Entry[] {
  const journal = new JournalReader(`${folder}/${journalFile}`);
  const entries: Entry[] = [];
  let previous: StoredEntry | null = null;
  for (const stored of journal.entries()) {
    entries.push(checkEntry(stored, previous));
    previous = stored;
  }
  journal.close();
  return entries;
}
