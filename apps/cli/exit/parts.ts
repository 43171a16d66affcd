import { type Dirent, existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { printable, TapestryError } from '../../../client/errors.ts';
import { lineageFile } from '../../../client/formats/lineage/lineage.ts';
import { identityFile } from '../../../client/identity.ts';
import { journalFile } from '../../../relay/journal/rows.ts';
import { keyFile } from '../../../relay/storage/relay-key.ts';

export const partKinds = ['run', 'model', 'adapter', 'node', 'card'] as const;
export type PartKind = (typeof partKinds)[number];

/** A part of what somebody leaves with, and the files that it has. */
export interface Part {
  readonly kind: PartKind;
  readonly from: string;
  /** Its folder in the exit's folder, with slashes. */
  readonly folder: string;
  /** Paths relative to `from`. */
  readonly files: readonly string[];
}

/** Private keys stay where they are: a copy of one lets its holder sign as the node or the relay. */
const secrets = new Set<string>([identityFile, keyFile, 'tls-key.pem']);

const deepest = 6;

/**
 * Finds runs, models, adapters, the state of nodes, and cards at some places, and in folders below them.
 * @throws TapestryError `exit.missing` for a place that is not there, `exit.nothing` if nothing is found
 */
export async function partsAt(places: readonly string[]): Promise<Part[]> {
  const parts: Part[] = [];
  const taken = new Set<string>();
  const add = (kind: PartKind, from: string, files: readonly string[], called = from) => {
    const name = basename(resolve(called)).replace(/[^\w.+=,-]/g, '_') || kind;
    let folder = `${kind}s/${name}`;
    for (let i = 2; taken.has(folder); i++) folder = `${kind}s/${name}-${i}`;
    taken.add(folder);
    parts.push({ kind, from, folder, files });
  };
  const search = async (folder: string, depth: number): Promise<void> => {
    const kind = await kindOf(folder);
    if (kind !== null) {
      add(kind, folder, await filesBelow(folder, kind));
      return;
    }
    const entries = await entriesOf(folder);
    const cards = entries.filter((entry) => entry.isFile() && isCard(entry.name)).map(({ name }) => name);
    if (cards.length > 0) add('card', folder, cards);
    if (depth === deepest) return;
    for (const entry of entries)
      if (entry.isDirectory() && entry.name !== 'node_modules')
        await search(join(folder, entry.name), depth + 1);
  };
  for (const place of places) {
    const about = await stat(place).catch((cause: unknown) => {
      throw new TapestryError('exit.missing', `${printable(place)} is not there.`, 'Check the name.', {
        cause,
      });
    });
    if (about.isDirectory()) await search(place, 0);
    else {
      const name = basename(place);
      const beside = [name, `${name}.${lineageFile}`].filter((file) => existsSync(join(place, '..', file)));
      add(name.endsWith('.gguf') ? 'model' : 'card', join(place, '..'), beside, place);
    }
  }
  if (parts.length > 0) return parts;
  throw new TapestryError(
    'exit.nothing',
    `${printable(places.join(', '))} holds no run, model, adapter, node or card.`,
    'Name the folders to leave with, such as .tapestry and those of your derivatives.',
  );
}

async function kindOf(folder: string): Promise<PartKind | null> {
  const has = (name: string) => existsSync(join(folder, name));
  if (has(journalFile)) return 'run';
  if (has('config.json') || has('tapestry-build.json')) return 'model';
  if (has('adapter_config.json')) return 'adapter';
  return has(identityFile) ? 'node' : null;
}

function isCard(name: string): boolean {
  return /(^|\.)(card|cards|constitution)(\.[\w-]+)?\.ya?ml$/.test(name);
}

/** The regular files below a folder that are taken along, by name. Hidden and linked ones, private keys and temporary files are not. */
async function filesBelow(folder: string, kind: PartKind): Promise<string[]> {
  const found: string[] = [];
  const walk = async (below: string) => {
    for (const entry of await entriesOf(join(folder, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        // Uploads that were cut off belong to a running relay.
        if (kind !== 'run' || path === 'blobs' || below !== '') await walk(path);
      } else if (entry.isFile() && isTaken(path, kind)) found.push(path);
    }
  };
  await walk('');
  return found;
}

function isTaken(path: string, kind: PartKind): boolean {
  const name = basename(path);
  if (secrets.has(name) || name.endsWith('.new')) return false;
  return kind !== 'run' || path === journalFile || path.startsWith('blobs/');
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter(({ name }) => !name.startsWith('.') || name === '.tapestry')
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
