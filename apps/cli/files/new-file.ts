import { existsSync } from 'node:fs';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { printable, TapestryError } from '../../../client/errors.ts';

/** Checks, before long work, that a new file can be made there. `option` is the one that names it. Throws `usage.exists`. */
export function requireNewFile(path: string, option: string): void {
  if (existsSync(path)) throw exists(path, option);
}

/**
 * Writes a file that must not be there yet, whole or not at all: part by part beside its place, synced, and then given its
 * name. What has the name is never replaced. Returns the length in bytes. Throws `usage.exists` or `disk.failed`.
 */
export async function writeNewFile(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  option: string,
): Promise<number> {
  requireNewFile(path, option);
  const beside = join(dirname(path), `.${basename(path)}.part`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const length = await writeSynced(beside, parts);
    await giveName(beside, path, option);
    return length;
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new TapestryError(
      'disk.failed',
      `${printable(path)} cannot be written: ${cause.message}.`,
      `Check the disk and the rights on the folder, or name another place with ${option}.`,
      { cause },
    );
  } finally {
    await rm(beside, { force: true }).catch(() => undefined);
  }
}

async function writeSynced(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  const file = await open(path, 'w');
  let length = 0;
  try {
    for await (const part of parts) {
      await file.writeFile(part);
      length += part.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return length;
}

/** A link fails where the name is taken, which a rename does not; some file systems have none. */
async function giveName(from: string, path: string, option: string): Promise<void> {
  try {
    await link(from, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw exists(path, option);
    await rename(from, path);
  }
}

export function exists(path: string, option: string): TapestryError {
  return new TapestryError(
    'usage.exists',
    `${printable(path)} is there already.`,
    `Name another place with ${option}, or move it away.`,
  );
}
