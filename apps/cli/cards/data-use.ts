import { createReadStream } from 'node:fs';
import { allows, type DataUse, dataUses, type HashedCard } from '../../../client/data/cards/card.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { hashOfStream } from '../../../relay/storage/sha256.ts';
import type { UsedEntry } from './data-journal.ts';
import { type FoundCard, findCard } from './find-card.ts';

/** A file that is about to be used. */
export interface UsedFile {
  readonly name: string;
  /** SHA-256 in hex. */
  readonly hash: string;
  readonly card: FoundCard | null;
}

/** Reads a file's hash. */
export function hashOfFile(path: string): Promise<string> {
  return hashOfStream(createReadStream(path));
}

/**
 * Checks that a file may take part in a use.
 * @throws TapestryError `card.revoked`, `card.mismatch` if it is not the file that its card is of, `card.use` if its card does not
 * allow the use, and the errors of `findCard`
 */
export async function requireUse(
  { name, hash }: { readonly name: string; readonly hash: string },
  use: DataUse,
  revoked: ReadonlySet<string>,
): Promise<UsedFile> {
  const card = await findCard(name);
  if (isRevokedWith(card, hash, revoked))
    throw new TapestryError(
      'card.revoked',
      `${printable(name)} was revoked and is not used any more.`,
      'Name other files; a build leaves it out with --without-revoked.',
    );
  if (card === null) return { name, hash, card };
  if (card.fileHash !== hash)
    throw new TapestryError(
      'card.mismatch',
      `${printable(name)} is not the file that ${printable(card.path)} is of: its SHA-256 is ${hash}.`,
      'Get the file that the card is of, or write a card for this one with tapestry card create.',
    );
  if (!allows(card.card, use))
    throw new TapestryError(
      'card.use',
      `${printable(name)} is ${card.card.category} data, whose card does not let it ${told[use]}.`,
      'Name other files, or ask who gave the consent that the card names.',
    );
  return { name, hash, card };
}

/** True if a file was revoked, by itself or with its card. Throws the errors of `findCard`. */
export async function isRevoked(name: string, hash: string, revoked: ReadonlySet<string>): Promise<boolean> {
  return isRevokedWith(await findCard(name), hash, revoked);
}

function isRevokedWith(card: FoundCard | null, hash: string, revoked: ReadonlySet<string>): boolean {
  return revoked.has(hash) || (card !== null && revoked.has(card.hash));
}

const told: Readonly<Record<DataUse, string>> = {
  contribute: 'take part in contributed training',
  build: 'take part in builds',
  export: 'leave this machine in what was built on it',
};

/** The entries that journal a use of files, each with its card. `now` is in milliseconds since 1970. */
export function usedEntries(
  files: readonly (Pick<UsedFile, 'name' | 'hash'> & { readonly card: HashedCard | null })[],
  { use, by, recipe }: Pick<UsedEntry, 'use' | 'by' | 'recipe'>,
  now: number,
): UsedEntry[] {
  const time = new Date(now).toISOString();
  return files.map(({ name, hash, card }) => ({
    ...{ event: 'used' as const, time, use, by, recipe, name, hash },
    card: card && { hash: card.hash, uses: dataUses.filter((each) => allows(card.card, each)) },
  }));
}
