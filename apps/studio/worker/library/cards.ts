import { cardHash, type DataCard, maxCardBytes, parseCard } from '../../../../client/data/cards/card.ts';
import {
  type DataEntry,
  dataJournalFile,
  encodeEntries,
  newUses,
  parseEntries,
  type RevokedEntry,
  type UsedEntry,
} from '../../../../client/data/cards/data-entry.ts';
import {
  type FoundCard,
  folderCard,
  sidecarEnding,
  unlisted,
} from '../../../../client/data/cards/data-use.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import type { OriginFolder } from '../../../../client/host/browser/origin-folder.ts';

/** A dropped journal of a node is read up to this size. */
const mostJournalBytes = 2 ** 26;

/**
 * The data cards in the page's own storage, and its journal of what data was used for and what was revoked. Datasets have no folders
 * here: the card of one file is found by its name, and that of a folder by the hashes that it lists.
 */
export class Cards {
  readonly #folder: OriginFolder;

  constructor(folder: OriginFolder) {
    this.#folder = folder;
  }

  /** Stores a card, and gives it. That of a folder is stored under its hash, so that there is room for those of several. Throws `card.invalid`. */
  async add(file: File): Promise<DataCard> {
    const card = parseCard(await textOf(file, maxCardBytes), file.name);
    const isSidecar = file.name.endsWith(sidecarEnding);
    if (isSidecar !== (card.hash !== undefined))
      throw new TapestryError(
        'card.invalid',
        `${printable(file.name)} is the card of ${isSidecar ? 'a folder' : 'one file'} by what it lists, and not by its name.`,
        `Name the card of one file after it, with ${sidecarEnding}, and that of a folder ${folderCard}.`,
      );
    await this.#folder.copy(isSidecar ? file.name : `${cardHash(card)}.${folderCard}`, file);
    return card;
  }

  /**
   * The card of a dataset, as `checkUse` takes it: the one that is named after it, else one of a folder that lists its hash or, with
   * another hash, its name; null if there is none. Throws `card.unlisted` and `card.invalid`.
   */
  async of(name: string, hash: string): Promise<FoundCard | null> {
    const own = await this.#read(name + sidecarEnding);
    if (own !== null) {
      if (own.hash === undefined) throw unlisted(name, name + sidecarEnding);
      return { path: name + sidecarEnding, card: own, hash: cardHash(own), fileHash: own.hash };
    }
    let named: FoundCard | null = null;
    for (const { name: path } of await this.#folder.list()) {
      const card = path.endsWith(`.${folderCard}`) ? await this.#read(path) : null;
      for (const [file, fileHash] of Object.entries(card?.files ?? {})) {
        const found = card && { path: folderCard, card, hash: cardHash(card), fileHash };
        if (fileHash === hash) return found;
        if (baseName(file) === name) named = found;
      }
    }
    return named;
  }

  /** Removes the card that is named after a dataset, and the folder's card that covers it if it is given: it may cover others too. */
  async remove(dataset: string, card: FoundCard | null = null): Promise<void> {
    await this.#folder.remove(dataset + sidecarEnding);
    if (card !== null) await this.#folder.remove(`${card.hash}.${folderCard}`);
  }

  /** All that is journaled. Throws `card.journal`. */
  async entries(): Promise<readonly DataEntry[]> {
    const bytes = await this.#folder.read(dataJournalFile);
    return bytes === null ? [] : parseEntries(bytes, dataJournalFile);
  }

  /** Journals uses, those left out that are journaled already. */
  async use(uses: readonly UsedEntry[]): Promise<void> {
    await this.#append(newUses(uses, await this.entries()));
  }

  /** Journals that data was revoked. Nothing takes it back. */
  revoke(entry: RevokedEntry): Promise<void> {
    return this.#append([entry]);
  }

  /** Takes over what a node's journal says was revoked. Throws `card.journal`. */
  async addJournal(file: File): Promise<void> {
    const text = await textOf(file, mostJournalBytes);
    const known = new Set((await this.entries()).map((entry) => JSON.stringify(entry)));
    const revoked = parseEntries(new TextEncoder().encode(text), file.name).filter(
      ({ event }) => event === 'revoked',
    );
    await this.#append(revoked.filter((entry) => !known.has(JSON.stringify(entry))));
  }

  async #append(entries: readonly DataEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const all = encodeEntries([...(await this.entries()), ...entries]);
    await this.#folder.write(dataJournalFile, new TextEncoder().encode(all));
  }

  async #read(file: string): Promise<DataCard | null> {
    const bytes = await this.#folder.read(file);
    return bytes === null ? null : parseCard(new TextDecoder().decode(bytes), file);
  }
}

const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);

async function textOf(file: File, most: number): Promise<string> {
  if (file.size <= most) return file.text();
  throw new TapestryError(
    'studio.too-large',
    `${printable(file.name)} has ${file.size} bytes, and the most are ${most}.`,
    'Drop a data card, or the journal of a node.',
  );
}
