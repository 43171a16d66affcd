import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { TapestryError } from '../../client/errors.ts';
import { temporarySuffix } from './temporary-suffix.ts';

/**
 * The operations of a file system that the relay's store needs. Tests implement it with one that loses unsynced bytes,
 * tears writes or runs full. The guarantees are those of POSIX: bytes are durable after `syncFile`, and names (made, renamed
 * or removed) after `syncFolder`.
 */
export interface FileSystem {
  makeFolder(path: string): Promise<void>;
  /** Names in a folder; none when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Null when there is no such file. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Up to `length` bytes from `start`: fewer at the file's end. */
  readPart(path: string, start: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes, and milliseconds since 1970 of the last write; null when there is no such file. */
  stat(path: string): Promise<{ size: number; modified: number } | null>;
  /** Makes or replaces a file; `secret` keeps others from reading it (mode 0600). */
  write(path: string, bytes: Uint8Array, options?: { secret: boolean }): Promise<void>;
  /** Opens a file, made if there is none, to write on at its end. */
  openEnd(path: string): Promise<FileEnd>;
  truncate(path: string, length: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** No error when there is no such file. */
  remove(path: string): Promise<void>;
  syncFile(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

/** The end of an open file. */
export interface FileEnd {
  /** Writes these parts, one after another. After a failure some of their bytes may be written. */
  append(...parts: readonly Uint8Array[]): Promise<void>;
  /** Resolves when what is under way is written. */
  close(): Promise<void>;
}

export const nodeFiles: FileSystem = {
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true });
  },
  list: (path) => unlessMissing(readdir(path), []),
  read: (path) =>
    unlessMissing(
      withFile(path, reading, async (file) => {
        await requireRegular(file, path);
        return new Uint8Array(await file.readFile());
      }),
      null,
    ),
  readPart: (path, start, length) =>
    withFile(path, reading, async (file) => {
      // A limited read that does not wait needs no check for a regular file, and downloads consist of such reads.
      const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    }),
  stat: (path) =>
    unlessMissing(
      stat(path).then(({ size, mtimeMs }) => ({ size, modified: mtimeMs })),
      null,
    ),
  write: (path, bytes, options) =>
    withFile(path, 'w', (file) => file.writeFile(bytes), options?.secret ? 0o600 : 0o644),
  openEnd: async (path) => {
    const file = await open(path, 'a');
    return {
      async append(...parts) {
        const { bytesWritten } = await file.writev([...parts]);
        if (bytesWritten < parts.reduce((sum, { length }) => sum + length, 0))
          throw new Error('the disk took only a part of a write');
      },
      close: () => file.close(),
    };
  },
  truncate,
  rename,
  remove: (path) => rm(path, { force: true }),
  syncFile: (path) => withFile(path, 'r+', (file) => file.sync()),
  syncFolder: (path) => withFile(path, 'r', (file) => file.sync()),
};

/** Adds bytes to the end of a file, which is made if there is none. */
export async function append(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const end = await files.openEnd(path);
  await end.append(bytes).finally(() => end.close());
}

/**
 * Replaces a whole file atomically: after a crash there is the old file or the new one, and after the return the new
 * one. It is written beside the old one, synced and renamed over it, and the folder is synced.
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

/** Wraps a file system so that each failure is a TapestryError with a next step: `disk.full`, or `disk.failed` for any other. */
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
    readPart: (path, start, length) => explain(path, files.readPart(path, start, length)),
    stat: (path) => explain(path, files.stat(path)),
    write: (path, bytes, options) => explain(path, files.write(path, bytes, options)),
    openEnd: async (path) => {
      const end = await explain(path, files.openEnd(path));
      return {
        append: (...parts) => explain(path, end.append(...parts)),
        close: () => explain(path, end.close()),
      };
    },
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
    'Free some space. The relay retries automatically.',
    { cause },
  );
}

export function diskFailed(what: string, cause: unknown): TapestryError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new TapestryError(
    'disk.failed',
    `${what}: ${detail}`,
    'Check the disk and the rights on the folder.',
    { cause },
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

/** Opening a pipe without O_NONBLOCK waits for its writer. The flag has no effect on a regular file. */
const reading = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A pipe or a device in a folder of a stranger could be read without end. */
async function requireRegular(file: Awaited<ReturnType<typeof open>>, path: string): Promise<void> {
  if (!(await file.stat()).isFile()) throw new Error(`${path} is no regular file`);
}

async function withFile<T>(
  path: string,
  flags: string | number,
  use: (file: Awaited<ReturnType<typeof open>>) => Promise<T>,
  mode = 0o644,
): Promise<T> {
  const file = await open(path, flags, mode);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
