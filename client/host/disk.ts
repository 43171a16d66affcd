import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '../contribute/host.ts';
import { TapestryError } from '../errors.ts';

/**
 * A folder on disk, for Node and for Deno's Node interface. A write goes to a new file, is synced, and takes the old
 * one's name, so that a crash leaves one or the other whole. Only this user may read any of it.
 */
export function diskFiles(folder: string): Files {
  return {
    async read(name) {
      try {
        return new Uint8Array(await readFile(join(folder, name)));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw diskError(folder, error);
      }
    },
    async write(name, bytes) {
      const path = join(folder, name);
      const fresh = `${path}.new`;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const file = await open(fresh, 'w', 0o600);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        // The mode given to `open` counts only for a file that was not there.
        await chmod(fresh, 0o600);
        await rename(fresh, path);
        await syncFolder(folder);
      } catch (error) {
        await rm(fresh, { force: true }).catch(() => undefined);
        throw diskError(folder, error);
      }
    },
    async remove(name) {
      try {
        await rm(join(folder, name), { force: true });
      } catch (error) {
        throw diskError(folder, error);
      }
    },
  };
}

/** Makes a rename durable. Windows cannot open a folder, and needs not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function diskError(folder: string, cause: unknown): TapestryError {
  const code = codeOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TapestryError(
      'disk.full',
      `No space is left for ${folder}. What was there is kept.`,
      'Free some space, or choose another place with --data FOLDER, then join again.',
      { cause },
    );
  }
  return new TapestryError(
    'disk.failed',
    `${folder} cannot be read or written (${code || String(cause)}).`,
    'Choose a folder that this user may write with --data FOLDER.',
    { cause },
  );
}
