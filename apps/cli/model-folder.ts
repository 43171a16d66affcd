import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TapestryError } from '../../client/errors.ts';

/** The files of a folder that `tapestry generate` and other readers of safetensors open. */
export const modelFiles = ['base.safetensors', 'config.json', 'README.md'] as const;

/** One file of a model folder. Throws `model.missing`, naming it. */
export async function readModelFile(folder: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(join(folder, name)));
  } catch (cause) {
    throw new TapestryError(
      'model.missing',
      `${join(folder, name)} cannot be read.`,
      'Name a folder with config.json and base.safetensors, such as the base/ that `tapestry demo` leaves.',
      { cause },
    );
  }
}

/** Writes a model folder whole: beside it first, then in its place. */
export async function writeModelFolder(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(partial, name), bytes);
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}
