import { mkdir, readdir } from 'node:fs/promises';
import { filesOf, type ModelFolder } from '../../../client/formats/model-folder.ts';
import { nodeFiles, writeDurably } from '../../../relay/storage/files.ts';
import { exists } from '../files/new-file.ts';

/** Checks that a new folder can be made there, or an empty one used. `option` is the one that names it. Throws `usage.exists`. */
export async function requireNewFolder(folder: string, option: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw exists(folder, option);
  });
  if (names.length > 0) throw exists(folder, option);
}

/**
 * Writes a model's files, and others `beside` them, to a new folder. The weights come last, so that a folder with weights is
 * whole.
 */
export async function writeModelFolder(
  folder: string,
  files: ModelFolder,
  beside: Readonly<Record<string, Uint8Array>> = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(beside)) await writeDurably(nodeFiles, folder, name, bytes);
  for (const [name, bytes] of filesOf(files).reverse()) await writeDurably(nodeFiles, folder, name, bytes);
}
