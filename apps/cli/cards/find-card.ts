import { dirname, join, relative, resolve, sep } from 'node:path';
import { cardHash, type DataCard, maxCardBytes, parseCard } from '../../../client/data/cards/card.ts';
import { type FoundCard, folderCard, sidecarEnding, unlisted } from '../../../client/data/cards/data-use.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { NotRead, readRegularFile, whyNotRead } from '../../../client/host/regular-file.ts';

/** Folders above a file in which its card is looked for. */
const highest = 8;

/**
 * The card of a file: the one beside it, or that of the nearest folder above it; null if there is none.
 * @throws TapestryError `card.unlisted` if the folder's card does not list the file, `card.invalid`, `card.unreadable`
 */
export async function findCard(file: string): Promise<FoundCard | null> {
  const beside = file + sidecarEnding;
  const own = await readCard(beside);
  if (own !== null) {
    if (own.hash === undefined) throw unlisted(file, beside);
    return { path: beside, card: own, hash: cardHash(own), fileHash: own.hash };
  }
  let folder = dirname(resolve(file));
  for (let level = 0; level < highest; level++) {
    const path = join(folder, folderCard);
    const card = await readCard(path, level > 0);
    if (card !== null) {
      const fileHash = card.files?.[relative(folder, resolve(file)).split(sep).join('/')];
      if (fileHash === undefined) throw unlisted(file, path);
      return { path, card, hash: cardHash(card), fileHash };
    }
    const above = dirname(folder);
    if (above === folder) break;
    folder = above;
  }
  return null;
}

/** Null if there is no such file or, with `elsewhere`, none that this process may read. */
export async function readCard(path: string, elsewhere = false): Promise<DataCard | null> {
  try {
    return parseCard(new TextDecoder().decode(await readRegularFile(path, maxCardBytes)), path);
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    if (error.reason === 'missing' || elsewhere) return null;
    throw new TapestryError(
      'card.unreadable',
      `${printable(path)} ${whyNotRead(error, maxCardBytes)}.`,
      'Let this process read the data card, or move it away.',
      { cause: error },
    );
  }
}
