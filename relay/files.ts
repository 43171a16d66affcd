import { mkdir, open, readdir, readFile, rename, rm, truncate } from 'node:fs/promises';
import { TapestryError } from '../client/errors.ts';

/**
 * The little of a file system that the relay's store needs, so that tests can put one underneath that loses what was
 * not synced, tears writes or runs full. As with POSIX, bytes are durable after `syncFile`, and names (made, renamed
 * or removed) after `syncFolder`.
 */
export interface FileSystem {
  makeFolder(path: string): Promise<void>;
  /** Names in a folder; none when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Null when there is no such file. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Makes or replaces a file; `secret` keeps others from reading it (mode 0600). */
  write(path: string, bytes: Uint8Array, options?: { secret: boolean }): Promise<void>;
  append(path: string, bytes: Uint8Array): Promise<void>;
  truncate(path: string, length: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** No error when there is no such file. */
  remove(path: string): Promise<void>;
  syncFile(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

export const nodeFiles: FileSystem = {
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true });
  },
  list: (path) => unlessMissing(readdir(path), []),
  read: (path) =>
    unlessMissing(
      readFile(path).then((bytes) => new Uint8Array(bytes)),
      null,
    ),
  write: (path, bytes, options) =>
    withFile(path, 'w', (file) => file.writeFile(bytes), options?.secret ? 0o600 : 0o644),
  append: (path, bytes) => withFile(path, 'a', (file) => file.appendFile(bytes)),
  truncate,
  rename,
  remove: (path) => rm(path, { force: true }),
  syncFile: (path) => withFile(path, 'r+', (file) => file.sync()),
  syncFolder: (path) => withFile(path, 'r', (file) => file.sync()),
};

/**
 * Writes a whole file so that after a crash there is either the old one or the new one, and on return the new one for
 * ever: written beside, synced, renamed over, and the folder synced.
 */
export async function writeDurably(
  files: FileSystem,
  folder: string,
  name: string,
  bytes: Uint8Array,
  options?: { secret: boolean },
): Promise<void> {
  const temporary = `${folder}/${name}${temporarySuffix}`;
  try {
    await files.write(temporary, bytes, options);
    await files.syncFile(temporary);
    await files.rename(temporary, `${folder}/${name}`);
    await files.syncFolder(folder);
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw error;
  }
}

/** What a crash can leave behind of a write that it cut off. */
export const temporarySuffix = '.new';

/** The same files, whose every failure is one that a person can act on: `disk.full`, or `disk.failed` for any other. */
export function explained(files: FileSystem): FileSystem {
  const explain = async <T>(path: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw diskError(cause, path);
    }
  };
  return {
    makeFolder: (path) => explain(path, files.makeFolder(path)),
    list: (path) => explain(path, files.list(path)),
    read: (path) => explain(path, files.read(path)),
    write: (path, bytes, options) => explain(path, files.write(path, bytes, options)),
    append: (path, bytes) => explain(path, files.append(path, bytes)),
    truncate: (path, length) => explain(path, files.truncate(path, length)),
    rename: (from, to) => explain(to, files.rename(from, to)),
    remove: (path) => explain(path, files.remove(path)),
    syncFile: (path) => explain(path, files.syncFile(path)),
    syncFolder: (path) => explain(path, files.syncFolder(path)),
  };
}

function diskError(cause: unknown, path: string): TapestryError {
  const code = codeOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(path, cause);
  return diskFailed(path, cause);
}

export function diskFull(what: string, cause: unknown): TapestryError {
  return new TapestryError(
    'disk.full',
    `no space is left for ${what}`,
    'Free some space; the run goes on by itself.',
    {
      cause,
    },
  );
}

export function diskFailed(what: string, cause: unknown): TapestryError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new TapestryError(
    'disk.failed',
    `${what}: ${detail}`,
    'Check the disk and the rights on the folder.',
    {
      cause,
    },
  );
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
}

async function unlessMissing<T>(value: Promise<T>, missing: T): Promise<T> {
  try {
    return await value;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return missing;
    throw error;
  }
}

async function withFile(
  path: string,
  flags: string,
  use: (file: Awaited<ReturnType<typeof open>>) => Promise<unknown>,
  mode = 0o644,
): Promise<void> {
  const file = await open(path, flags, mode);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
