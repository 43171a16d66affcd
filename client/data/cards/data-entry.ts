import * as v from 'valibot';
import { printable, TapestryError } from '../../errors.ts';
import { parseJson } from '../../formats/json.ts';
import { allows, dataUses, type HashedCard } from './card.ts';
import type { UsedFile } from './data-use.ts';

/** The file in which a node, or a page, journals what its data was used for, and what was revoked. */
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

/** Entries as lines of the journal. */
export function encodeEntries(entries: readonly DataEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

/**
 * Reads a journal, one JSON object a line. A line that a crash cut is left out. `name` is the file's, for messages. Throws
 * `card.journal` for anything else that is no entry.
 */
export function parseEntries(bytes: Uint8Array, name: string): readonly DataEntry[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.slice(0, -1).flatMap((line, index) => {
    if (line === '') return [];
    try {
      return v.parse(entrySchema, parseJson(new TextEncoder().encode(line)));
    } catch (cause) {
      // What is appended after a crash ends the line that was cut.
      if (!line.endsWith('}')) return [];
      throw new TapestryError(
        'card.journal',
        `Line ${index + 1} of ${printable(name)} is no entry of a journal of data.`,
        'Get the file from a backup: without it, revoked data would be used again.',
        { cause },
      );
    }
  });
}

/** The hashes of files and cards that were revoked. */
export function revokedHashes(entries: readonly DataEntry[]): ReadonlySet<string> {
  return new Set(entries.flatMap((entry) => (entry.event === 'revoked' ? [entry.hash] : [])));
}

/** The uses that a journal does not have yet. */
export function newUses(uses: readonly UsedEntry[], journal: readonly DataEntry[]): readonly UsedEntry[] {
  const keyOf = ({ use, by, recipe, name, hash, card }: UsedEntry) =>
    JSON.stringify([use, by, recipe, name, hash, card?.hash]);
  const known = new Set(journal.flatMap((entry) => (entry.event === 'used' ? [keyOf(entry)] : [])));
  return uses.filter((entry) => !known.has(keyOf(entry)));
}

/** The entries that journal a use of files, each with its card. `now` is in milliseconds since 1970. */
export function usedEntries(
  files: readonly (Pick<UsedFile, 'name' | 'hash'> & { readonly card: HashedCard | null })[],
  { use, by, recipe }: Pick<UsedEntry, 'use' | 'by' | 'recipe'>,
  now: number,
): UsedEntry[] {
  const time = new Date(now).toISOString();
  return files.map(({ name, hash, card }) => ({
    ...{ event: 'used' as const, time, use, by, recipe, name, hash },
    card: card && { hash: card.hash, uses: dataUses.filter((each) => allows(card.card, each)) },
  }));
}
