import { Readable } from 'node:stream';
import type { FoundCard } from '../../../client/data/cards/data-use.ts';
import type { Corpus } from '../../../client/data/corpus.ts';
import { corpusFromFiles } from '../../../client/data/reading/corpus-from-files.ts';
import { defaultReadingLimits, type TextFile } from '../../../client/data/reading/file-reading.ts';
import { LeftOut, Problems } from '../../../client/data/reading/problems.ts';
import type { TapestryError } from '../../../client/errors.ts';
import { requireNames, textFilesAt } from '../../../client/host/corpus-files.ts';
import { hashOfStream } from '../../../relay/storage/sha256.ts';
import { requireUse } from '../cards/data-use.ts';

/**
 * The text of patterns as one corpus for each data card that covers some of the files, named by the card's category and file, and one
 * for all files without a card. Each sort of problem is passed to `onProblem` once for each corpus.
 * @throws TapestryError `card.*` if a file may not take part in what this machine does with its data, `usage.text`, `corpus.none`
 */
export async function corporaByCard(
  patterns: readonly string[],
  revoked: ReadonlySet<string>,
  onProblem: (problem: TapestryError) => void,
): Promise<Corpus[]> {
  requireNames(patterns);
  const problems = new Problems();
  const found: { readonly file: TextFile; readonly card: FoundCard | null }[] = [];
  for (const file of await textFilesAt(patterns, problems))
    found.push({ file, card: await cardOf(file, revoked) });
  const groups = Map.groupBy(found, ({ card }) => card?.path ?? null);
  if (groups.size === 0) groups.set(null, []);
  const corpora: Corpus[] = [];
  for (const [path, group] of groups) {
    const card = group[0]?.card?.card;
    const name =
      path === null || card === undefined ? patterns.join(', ') : `${card.category} data of ${path}`;
    const files = group.map(({ file }) => file);
    const told = corpora.length === 0 ? problems : new Problems();
    corpora.push(await corpusFromFiles(name, files, onProblem, defaultReadingLimits, told));
  }
  return corpora;
}

/** The card of a file; null if it has none or cannot be read, which the reader of its text tells. */
async function cardOf(file: TextFile, revoked: ReadonlySet<string>): Promise<FoundCard | null> {
  try {
    const hash = await hashOfStream(Readable.from(file.chunks()));
    return (await requireUse({ name: file.name, hash }, 'build', revoked)).card;
  } catch (error) {
    if (error instanceof LeftOut) return null;
    throw error;
  }
}
