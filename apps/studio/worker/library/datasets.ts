import { revokedHashes } from '../../../../client/data/cards/data-entry.ts';
import { checkUse, type FoundCard } from '../../../../client/data/cards/data-use.ts';
import type { TextFile } from '../../../../client/data/reading/file-reading.ts';
import { LeftOut, Problems } from '../../../../client/data/reading/problems.ts';
import type { PreferencePair } from '../../../../client/derive/chat/conversation.ts';
import { type FileRows, readRows } from '../../../../client/derive/data/read-rows.ts';
import type { RowForm } from '../../../../client/derive/data/row.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import { chosenFile } from '../../../../client/host/browser/chosen-file.ts';
import type { OriginFolder } from '../../../../client/host/browser/origin-folder.ts';
import { type Problem, problemOf } from '../../../ui/problem.ts';
import { votesFile } from '../../adoption.ts';
import type { DatasetView } from '../worker-api.ts';
import type { Cards } from './cards.ts';

interface ReadDataset {
  readonly rows: FileRows;
  readonly problems: readonly Problem[];
}

/** The datasets in the page's own storage, each a file of its name. Their rows are read once. */
export class Datasets {
  readonly #folder: OriginFolder;
  readonly #cards: Cards;
  readonly #read = new Map<string, Promise<ReadDataset>>();

  constructor(folder: OriginFolder, cards: Cards) {
    this.#folder = folder;
    this.#cards = cards;
  }

  async list(): Promise<DatasetView[]> {
    const revoked = revokedHashes(await this.#cards.entries());
    const found: DatasetView[] = [];
    for (const { name, bytes } of await this.#folder.list()) {
      const { rows, problems } = await this.#rowsOf(name);
      const forms: Partial<Record<RowForm, number>> = {};
      for (const { form } of rows.rows) forms[form] = (forms[form] ?? 0) + 1;
      const use = await this.#useOf({ name, hash: rows.hash }, revoked);
      found.push({ name, bytes, rows: rows.rows.length, forms, problems, ...use });
    }
    return found;
  }

  /** The card of a dataset, if it may take part in builds. Throws the errors of `Cards.of` and of `checkUse`. */
  async cardOf(file: { readonly name: string; readonly hash: string }): Promise<FoundCard | null> {
    const card = await this.#cards.of(file.name, file.hash);
    checkUse({ ...file, card }, 'build', revokedHashes(await this.#cards.entries()));
    return card;
  }

  /** Revokes a dataset, with its card if that is of it alone. `now` is in milliseconds since 1970. */
  async revoke(name: string, now: number): Promise<void> {
    const { hash } = await this.rows(name);
    const card = await this.#cards.of(name, hash).catch(() => null);
    const own = card === null || card.card.hash === undefined ? [] : [{ name: card.path, hash: card.hash }];
    const time = new Date(now).toISOString();
    for (const each of [{ name, hash }, ...own])
      await this.#cards.revoke({ event: 'revoked', time, ...each, reason: null });
  }

  /** Stores a file under its own name, in place of one that has this name already. */
  async add(file: File): Promise<string> {
    await this.#folder.copy(file.name, file);
    this.#read.delete(file.name);
    return file.name;
  }

  async remove(name: string): Promise<void> {
    this.#read.delete(name);
    await this.#folder.remove(name);
    await this.#cards.remove(name);
  }

  /** Removes the card that covers a dataset. */
  async removeCard(name: string): Promise<void> {
    const card = await this.#cards.of(name, (await this.rows(name)).hash);
    await this.#cards.remove(name, card);
  }

  /** Throws `studio.no-dataset`. */
  async rows(name: string): Promise<FileRows> {
    return (await this.#rowsOf(name)).rows;
  }

  /** Throws `studio.no-dataset`. */
  async file(name: string): Promise<TextFile> {
    const file = await this.#folder.open(name);
    if (file !== null) return chosenFile(file);
    throw new TapestryError(
      'studio.no-dataset',
      `There is no dataset ${printable(name)} here.`,
      'Drop the file on the page, or take its name out of the recipe.',
    );
  }

  /** Adds a vote as a row that *prefer* trains on. */
  async vote(pair: PreferencePair): Promise<void> {
    const before = (await this.#folder.read(votesFile)) ?? new Uint8Array();
    const line = new TextEncoder().encode(`${JSON.stringify(pair)}\n`);
    const all = new Uint8Array(before.length + line.length);
    all.set(before);
    all.set(line, before.length);
    await this.#folder.write(votesFile, all);
    this.#read.delete(votesFile);
  }

  /** A dataset's card, and why it may take no part in builds; both are null without a card. */
  async #useOf(
    file: { readonly name: string; readonly hash: string },
    revoked: ReadonlySet<string>,
  ): Promise<Pick<DatasetView, 'card' | 'refusal'>> {
    let card: FoundCard | null = null;
    try {
      card = await this.#cards.of(file.name, file.hash);
      checkUse({ ...file, card }, 'build', revoked);
      return { card: card?.card ?? null, refusal: null };
    } catch (error) {
      return { card: card?.card ?? null, refusal: problemOf(error) };
    }
  }

  #rowsOf(name: string): Promise<ReadDataset> {
    const reading = this.#read.get(name) ?? this.#readRows(name);
    this.#read.set(name, reading);
    reading.catch(() => this.#read.delete(name));
    return reading;
  }

  async #readRows(name: string): Promise<ReadDataset> {
    const problems = new Problems();
    const file = await this.file(name);
    const rows = await readRows(file, problems).catch((error: unknown): FileRows => {
      if (!(error instanceof LeftOut)) throw error;
      problems.add(error.sort, name, null, error.cause);
      return { name, hash: '', rows: [], lines: 0, leftOut: 0 };
    });
    return { rows, problems: problems.list().map(problemOf) };
  }
}
