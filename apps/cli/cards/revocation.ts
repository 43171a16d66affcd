import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { cardHash } from '../../../client/data/cards/card.ts';
import type { DataEntry, UsedEntry } from '../../../client/data/cards/data-entry.ts';
import { folderCard, sidecarEnding } from '../../../client/data/cards/data-use.ts';
import { revokedIn } from '../../../client/data/cards/touched.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { lineageFile } from '../../../client/formats/lineage/lineage.ts';
import { recordHash } from '../../../client/formats/lineage/record.ts';
import { readLineage } from '../lineage/lineage-file.ts';
import { hashOfFile } from './data-use.ts';
import { findCard, readCard } from './find-card.ts';

/** Hashes that are revoked together: those of files, and of their card. */
export interface Revoked {
  readonly name: string;
  readonly hash: string;
}

/**
 * What a person names: a data card (with all its files), a file (with its card, if that is of it alone), or a hash of either.
 * @throws TapestryError `card.no-data`, and the errors of `findCard`
 */
export async function revokedBy(what: string): Promise<readonly Revoked[]> {
  if (/^[0-9a-f]{64}$/.test(what)) return [{ name: what, hash: what }];
  if (what.endsWith(sidecarEnding) || basename(what) === folderCard) {
    const card = await readCard(what);
    if (card !== null) {
      const files = Object.entries(card.files ?? {}).map(([name, hash]) => ({
        name: join(dirname(what), name),
        hash,
      }));
      const own =
        card.hash === undefined ? [] : [{ name: what.slice(0, -sidecarEnding.length), hash: card.hash }];
      return [{ name: what, hash: cardHash(card) }, ...own, ...files];
    }
  } else {
    const hash = await hashOfFile(what).catch((error: NodeJS.ErrnoException) => {
      if (error.syscall === undefined) throw error;
      return null;
    });
    if (hash !== null) {
      const card = await findCard(what);
      const own = card === null || card.card.hash === undefined ? [] : [{ name: card.path, hash: card.hash }];
      return [{ name: what, hash }, ...own];
    }
  }
  throw new TapestryError(
    'card.no-data',
    `${printable(what)} is no file of data, no data card and no hash.`,
    'Name the file, its card, or the SHA-256 of either: tapestry lineage shows those of a model.',
  );
}

/** A model that is built on revoked data, and the command that builds it without; null if this node did not build it. */
export interface Touched {
  readonly folder: string;
  readonly kind: string;
  readonly data: readonly string[];
  readonly rebuild: string | null;
}

/** Models in folders that are built on revoked data, by their lineage. The oldest build comes first. */
export async function touchedModels(
  entries: readonly DataEntry[],
  searched: readonly string[],
  revoked: ReadonlySet<string>,
): Promise<readonly Touched[]> {
  const builds = entries.filter(
    (entry): entry is UsedEntry => entry.event === 'used' && entry.use === 'build',
  );
  const recipes = new Map(builds.map(({ by, recipe }) => [resolve(by), recipe]));
  const folders = new Set([...recipes.keys()]);
  for (const folder of [...folders, ...searched])
    for (const found of await modelsBelow(resolve(folder))) folders.add(found);
  const touched: Touched[] = [];
  /** The folder of each touched model, by the hash of its record. */
  const records = new Map<string, string>();
  for (const folder of folders) {
    const lineage = await readLineage(folder);
    if (lineage === null) continue;
    const data = revokedIn(lineage, revoked);
    if (data.length === 0) continue;
    const { record } = lineage;
    records.set(recordHash(record), folder);
    const parent = record.parents.flatMap((each) => records.get(each.record ?? '') ?? [])[0];
    touched.push({
      folder,
      kind: record.kind,
      data: [...new Set(data.map(({ name }) => name))],
      rebuild: record.made === 'build' ? rebuildOf(folder, recipes, parent) : null,
    });
  }
  return touched;
}

/** The command that builds the folder's model again; null if it was not built here. `parent` is its own base, if that is rebuilt too. */
function rebuildOf(
  folder: string,
  recipes: ReadonlyMap<string, string | null>,
  parent: string | undefined,
): string | null {
  // Variants and adapters lie below the folder of their build.
  for (let built = folder; built !== dirname(built); built = dirname(built)) {
    const recipe = recipes.get(built);
    if (!recipe) continue;
    const base = parent === undefined ? '' : ` --base ${quoted(`${parent}-rebuilt`)}`;
    return `tapestry build ${quoted(recipe)} --without-revoked${base} --out ${quoted(`${built}-rebuilt`)}`;
  }
  return null;
}

/** Folders and files with a lineage in a folder and those below it, hidden ones left out. */
async function modelsBelow(folder: string, levels = 6): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.name === lineageFile) found.push(folder);
    if (entry.name.endsWith(`.gguf.${lineageFile}`))
      found.push(join(folder, entry.name.slice(0, -lineageFile.length - 1)));
    if (entry.isDirectory() && levels > 0 && !entry.name.startsWith('.') && entry.name !== 'node_modules')
      found.push(...(await modelsBelow(join(folder, entry.name), levels - 1)));
  }
  return found;
}

/** A word as a shell reads it. */
function quoted(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
