import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { dataUses } from '../../../client/data/cards/card.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { parseJson } from '../../../client/formats/json.ts';
import { explained, nodeFiles } from '../../../relay/storage/files.ts';

/** The file of a node's data folder in which it journals what its data was used for, and what was revoked. */
export const dataJournalFile = 'data-journal.jsonl';

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const time = v.pipe(v.string(), v.isoTimestamp());

const entrySchema = v.variant('event', [
  v.strictObject({
    event: v.literal('used'),
    time,
    use: v.picklist(dataUses),
    /** The folder that was built, or the address of the relay. */
    by: v.string(),
    /** The recipe of a build; null for a contribution. */
    recipe: v.nullable(v.string()),
    name: v.string(),
    hash,
    /** The hash of the file's card, and what it allows; null without one. */
    card: v.nullable(v.strictObject({ hash, uses: v.array(v.picklist(dataUses)) })),
  }),
  /** `hash` is that of a file or of a card. */
  v.strictObject({
    event: v.literal('revoked'),
    time,
    name: v.string(),
    hash,
    reason: v.nullable(v.string()),
  }),
]);

export type DataEntry = v.InferOutput<typeof entrySchema>;
export type UsedEntry = Extract<DataEntry, { event: 'used' }>;
export type RevokedEntry = Extract<DataEntry, { event: 'revoked' }>;

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
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    await this.#files.makeFolder(dirname(this.#path));
    await this.#files.append(this.#path, new TextEncoder().encode(separator + lines));
    await this.#files.syncFile(this.#path);
    await this.#files.syncFolder(dirname(this.#path));
  }

  /** Journals uses, durably; one that is there already is not written again. Throws the errors of `append` and of `entries`. */
  async use(uses: readonly UsedEntry[]): Promise<void> {
    const keyOf = ({ use, by, recipe, name, hash, card }: UsedEntry) =>
      JSON.stringify([use, by, recipe, name, hash, card?.hash]);
    const known = new Set(
      (await this.entries()).flatMap((entry) => (entry.event === 'used' ? [keyOf(entry)] : [])),
    );
    await this.append(uses.filter((entry) => !known.has(keyOf(entry))));
  }

  /** All entries. A last line that a crash cut is left out. Throws `card.journal` for anything else that is no entry. */
  async entries(): Promise<readonly DataEntry[]> {
    const bytes = await this.#files.read(this.#path);
    if (bytes === null) return [];
    const lines = new TextDecoder().decode(bytes).split('\n');
    const whole = lines.slice(0, -1);
    return whole.flatMap((line, index) => {
      if (line === '') return [];
      try {
        return v.parse(entrySchema, parseJson(new TextEncoder().encode(line)));
      } catch (cause) {
        // `append` ended a line that a crash had cut.
        if (!line.endsWith('}')) return [];
        throw new TapestryError(
          'card.journal',
          `Line ${index + 1} of ${printable(this.#path)} is no entry of a journal of data.`,
          'Get the file from a backup: without it, revoked data would be used again.',
          { cause },
        );
      }
    });
  }

  /** The hashes of files and cards that were revoked. */
  async revoked(): Promise<ReadonlySet<string>> {
    const entries = await this.entries();
    return new Set(entries.flatMap((entry) => (entry.event === 'revoked' ? [entry.hash] : [])));
  }
}
