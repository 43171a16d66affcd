import type { TextFile } from '../../../client/data/reading/file-reading.ts';
import { LeftOut, Problems } from '../../../client/data/reading/problems.ts';
import type { PreferencePair } from '../../../client/derive/chat/conversation.ts';
import { type FileRows, readRows } from '../../../client/derive/data/read-rows.ts';
import type { RowForm } from '../../../client/derive/data/row.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { chosenFile } from '../../../client/host/browser/chosen-file.ts';
import type { OriginFolder } from '../../../client/host/browser/origin-folder.ts';
import { type Problem, problemOf } from '../../ui/problem.ts';
import { votesFile } from '../adoption.ts';
import type { DatasetView } from './worker-api.ts';

interface ReadDataset {
  readonly rows: FileRows;
  readonly problems: readonly Problem[];
}

/** The datasets in the page's own storage, each a file of its name. Their rows are read once. */
export class Datasets {
  readonly #folder: OriginFolder;
  readonly #read = new Map<string, Promise<ReadDataset>>();

  constructor(folder: OriginFolder) {
    this.#folder = folder;
  }

  async list(): Promise<DatasetView[]> {
    const found: DatasetView[] = [];
    for (const { name, bytes } of await this.#folder.list()) {
      const { rows, problems } = await this.#rowsOf(name);
      const forms: Partial<Record<RowForm, number>> = {};
      for (const { form } of rows.rows) forms[form] = (forms[form] ?? 0) + 1;
      found.push({ name, bytes, rows: rows.rows.length, forms, problems });
    }
    return found;
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
