import type { DataCard } from '../../../../client/data/cards/card.ts';
import { folderCard, sidecarEnding, unlisted } from '../../../../client/data/cards/data-use.ts';
import { parseRecipe } from '../../../../client/derive/recipe/recipe.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import type { ChosenFile } from '../../../ui/files/chosen.ts';
import type { Cards } from './cards.ts';
import type { Datasets } from './datasets.ts';
import type { Documents } from './documents.ts';
import type { Models } from './models.ts';
import { sortFiles } from './sort-files.ts';

/** Everything that the studio holds, in the page's own storage. */
export interface Library {
  readonly models: Models;
  readonly datasets: Datasets;
  readonly documents: Documents;
  readonly cards: Cards;
}

/** What happens while files are added. */
export interface AddEvents {
  /** Runs the work with one file; what it throws is told to the person, and the next file follows. */
  readonly attempt: (work: () => Promise<void>) => Promise<unknown>;
  /** A recipe was among the files. */
  readonly onRecipe: (text: string) => void;
}

/** Takes models, data cards, datasets, recipes and what recipes name among chosen files. `now` is in milliseconds since 1970. */
export async function addFiles(
  files: readonly ChosenFile[],
  { models, datasets, documents, cards }: Library,
  { attempt, onRecipe }: AddEvents,
  now: number,
): Promise<void> {
  const sorted = sortFiles(files);
  for (const { file } of sorted.journals) await attempt(() => cards.addJournal(file));
  /** The cards that were chosen, by their paths; null for one that cannot be read. */
  const chosen = new Map<string, DataCard | null>();
  for (const { path, file } of sorted.cards) {
    chosen.set(path, null);
    await attempt(async () => void chosen.set(path, await cards.add(file)));
  }
  for (const model of sorted.models) await attempt(async () => void (await models.add(model, now)));
  for (const { path, file } of sorted.datasets)
    await attempt(async () => {
      requireCovered(path, chosen);
      await datasets.add(file);
    });
  for (const { file } of sorted.documents)
    await attempt(async () => {
      const recipe = await documents.add(file);
      if (recipe === null) return;
      parseRecipe(recipe, file.name);
      onRecipe(recipe);
    });
  for (const { path } of sorted.unknown)
    await attempt(async () => {
      throw new TapestryError(
        'studio.unknown-file',
        `${path} is no model, data, recipe or rule that the studio reads.`,
        'Drop a model’s folder, a .gguf file, .jsonl, .json, .txt or .md files with their cards, a recipe, constitution or rules in .yaml, or a reward function in .js.',
      );
    });
}

/**
 * Checks that the card that was chosen with a dataset, beside it or in the nearest folder above it, could be read and lists it.
 * Throws `card.unlisted`, and `card.invalid` for a dataset whose card cannot be read.
 */
function requireCovered(path: string, chosen: ReadonlyMap<string, DataCard | null>): void {
  let covering = chosen.has(path + sidecarEnding) ? path + sidecarEnding : null;
  for (let folder = folderOf(path); covering === null; folder = folderOf(folder.slice(0, -1))) {
    if (chosen.has(folder + folderCard)) covering = folder + folderCard;
    if (folder === '') break;
  }
  if (covering === null) return;
  const card = chosen.get(covering);
  if (card === null)
    throw new TapestryError(
      'card.invalid',
      `${printable(path)} is not added, because its data card cannot be read.`,
      'Correct the card, and drop both again.',
    );
  const listed = path.slice(folderOf(covering).length);
  if (card?.files !== undefined && card.files[listed] === undefined) throw unlisted(path, covering);
}

/** The folder of a path, with its slash; empty for none. */
const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);
