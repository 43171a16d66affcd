import { printable, TapestryError } from '../../errors.ts';
import { allows, type DataCard, type DataUse } from './card.ts';

/** The card of one file is beside it, under its name and this; that of a folder is in it. */
export const sidecarEnding = '.card.yaml';
export const folderCard = 'cards.yaml';

/** A card that covers a file, and the hash of the file that it gives. */
export interface FoundCard {
  readonly path: string;
  readonly card: DataCard;
  /** The card's own hash. */
  readonly hash: string;
  /** SHA-256 of the file as the card says. */
  readonly fileHash: string;
}

/** A file that is about to be used. */
export interface UsedFile {
  readonly name: string;
  /** SHA-256 in hex. */
  readonly hash: string;
  readonly card: FoundCard | null;
}

/**
 * Checks that a file may take part in a use.
 * @throws TapestryError `card.revoked`, `card.mismatch` if it is not the file that its card is of, `card.use` if its card does not
 * allow the use
 */
export function checkUse({ name, hash, card }: UsedFile, use: DataUse, revoked: ReadonlySet<string>): void {
  if (isRevokedWith(card, hash, revoked))
    throw new TapestryError(
      'card.revoked',
      `${printable(name)} was revoked and is not used any more.`,
      'Name other files; a build leaves it out with --without-revoked.',
    );
  if (card === null) return;
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
}

/** True if a file was revoked, by itself or with its card. */
export function isRevokedWith(card: FoundCard | null, hash: string, revoked: ReadonlySet<string>): boolean {
  return revoked.has(hash) || (card !== null && revoked.has(card.hash));
}

/** The error for a file that its card does not list. */
export function unlisted(file: string, card: string): TapestryError {
  return new TapestryError(
    'card.unlisted',
    `${printable(card)} does not have the hash of ${printable(file)}.`,
    'Write the card again with tapestry card create, or move the file out of the folder.',
  );
}

const told: Readonly<Record<DataUse, string>> = {
  contribute: 'take part in contributed training',
  build: 'take part in builds',
  export: 'leave this machine in what was built on it',
};
