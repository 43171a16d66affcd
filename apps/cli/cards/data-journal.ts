import { dirname, join } from 'node:path';
import {
  type DataEntry,
  dataJournalFile,
  encodeEntries,
  newUses,
  parseEntries,
  revokedHashes,
  type UsedEntry,
} from '../../../client/data/cards/data-entry.ts';
import { append, explained, nodeFiles } from '../../../relay/storage/files.ts';

/** The journal of data of one node: one JSON object a line, which only grows. */
export class DataJournal {
  readonly #path: string;
  readonly #files = explained(nodeFiles);

  /** `folder` is the node's data folder. */
  constructor(folder: string) {
    this.#path = join(folder, dataJournalFile);
  }

  /** Appends entries, durably. Throws `disk.full` or `disk.failed`. */
  async append(entries: readonly DataEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const before = await this.#files.read(this.#path);
    // A crash may have left a part of a line, which is then a line of its own.
    const separator = before !== null && before.length > 0 && before.at(-1) !== 0x0a ? '\n' : '';
    await this.#files.makeFolder(dirname(this.#path));
    await append(this.#files, this.#path, new TextEncoder().encode(separator + encodeEntries(entries)));
    await this.#files.syncFile(this.#path);
    await this.#files.syncFolder(dirname(this.#path));
  }

  /** Journals uses, durably; one that is there already is not written again. Throws the errors of `append` and of `entries`. */
  async use(uses: readonly UsedEntry[]): Promise<void> {
    await this.append(newUses(uses, await this.entries()));
  }

  /** All entries. A last line that a crash cut is left out. Throws `card.journal` for anything else that is no entry. */
  async entries(): Promise<readonly DataEntry[]> {
    const bytes = await this.#files.read(this.#path);
    if (bytes === null) return [];
    return parseEntries(bytes, this.#path);
  }

  /** The hashes of files and cards that were revoked. */
  async revoked(): Promise<ReadonlySet<string>> {
    return revokedHashes(await this.entries());
  }
}
