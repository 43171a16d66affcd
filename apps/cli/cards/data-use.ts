import { createReadStream } from 'node:fs';
import type { DataUse } from '../../../client/data/cards/card.ts';
import { checkUse, isRevokedWith, type UsedFile } from '../../../client/data/cards/data-use.ts';
import { hashOfStream } from '../../../relay/storage/sha256.ts';
import { findCard } from './find-card.ts';

/** Reads a file's hash. */
export function hashOfFile(path: string): Promise<string> {
  return hashOfStream(createReadStream(path));
}

/** Finds a file's card, and checks that the file may take part in a use. Throws the errors of `checkUse` and of `findCard`. */
export async function requireUse(
  file: { readonly name: string; readonly hash: string },
  use: DataUse,
  revoked: ReadonlySet<string>,
): Promise<UsedFile> {
  const used = { ...file, card: await findCard(file.name) };
  checkUse(used, use, revoked);
  return used;
}

/** True if a file was revoked, by itself or with its card. Throws the errors of `findCard`. */
export async function isRevoked(name: string, hash: string, revoked: ReadonlySet<string>): Promise<boolean> {
  return isRevokedWith(await findCard(name), hash, revoked);
}
