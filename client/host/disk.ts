import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TapestryError } from '../errors.ts';
import type { Files } from '../runtime.ts';
import { isPermissionError, permissionError } from './permission.ts';
import { NotRead, readRegularFile } from './regular-file.ts';

/** The most bytes of a node's file: a state with the largest model and its residual. */
const maxFileBytes = 2 ** 35;

/**
 * A folder on disk, for Node and for Deno's Node interface. A write creates a new file, syncs it and renames it over the
 * old one, so that a crash leaves either the old or the new file complete. Only this user may read the files.
 */
export function diskFiles(folder: string): Files {
  return {
    async read(name) {
      try {
        return await readRegularFile(join(folder, name), maxFileBytes);
      } catch (error) {
        if (!(error instanceof NotRead)) throw error;
        if (error.reason === 'missing') return null;
        throw diskError(folder, error.cause ?? error);
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
        // `open` applies the mode only when it creates the file.
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
        await rm(join(folder, name));
        await syncFolder(folder);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw diskError(folder, error);
      }
    },
  };
}

/** Makes a rename durable. Windows cannot open a folder and does not need it. */
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
  if (isPermissionError(cause)) {
    const options = `--allow-read=${folder} --allow-write=${folder}`;
    return permissionError(`read and write ${folder}`, options, cause);
  }
  const code = codeOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TapestryError(
      'disk.full',
      `No space is left for ${folder}. The old files are unchanged.`,
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
