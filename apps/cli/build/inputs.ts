import { createReadStream } from 'node:fs';
import { type Corpus, joinCorpora } from '../../../client/data/corpus.ts';
import { Problems } from '../../../client/data/reading/problems.ts';
import { loadNation } from '../../../client/data/udhr/nations.ts';
import { readDatasets } from '../../../client/derive/data/read-datasets.ts';
import { defaultFunctionLimits } from '../../../client/derive/function/call.ts';
import { type BaseText, type BuildInputs, prepareBuild } from '../../../client/derive/inputs.ts';
import { maxRecipeBytes } from '../../../client/derive/recipe/read-keys.ts';
import type { Overrides } from '../../../client/derive/recipe/read-recipe.ts';
import { parseRecipe, type Recipe, type ReplayRecipe } from '../../../client/derive/recipe/recipe.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import type { DataFile } from '../../../client/formats/lineage/record.ts';
import { loadCorpusFiles, textFilesAt } from '../../../client/host/corpus-files.ts';
import { NotRead, readRegularFile } from '../../../client/host/regular-file.ts';
import { hashOfStream } from '../../../relay/storage/sha256.ts';
import { readConstitutionFile } from '../constitution/read-constitution.ts';
import { parentageOf } from '../lineage/parent.ts';
import { loadAnyModel, loadRewardModel } from '../model/model-folder.ts';

/**
 * Reads a recipe's file, and from this machine its model, data and base text. Each sort of problem of the data is passed to
 * `onProblem` once.
 * @throws TapestryError `recipe.*`, `constitution.*`, `model.*`, `dataset.*` or `corpus.*`
 */
export async function readInputs(
  path: string,
  onProblem: (problem: TapestryError) => void,
  overrides?: Overrides,
): Promise<BuildInputs> {
  const recipe = await readRecipeFile(path, overrides);
  const model = await loadAnyModel(recipe.baseModel);
  return prepareBuild(recipe, model, await parentageOf(recipe.baseModel, model), {
    async datasets(patterns) {
      const problems = new Problems();
      return readDatasets(patterns, await textFilesAt(patterns, problems), onProblem, problems);
    },
    baseText: (replay) => readBaseText(replay, onProblem),
    judge: loadRewardModel,
    rewardFunction: readRewardFunction,
    constitution: readConstitutionFile,
  });
}

/** Reads the source text of a person's reward. Throws `reward.unreadable`. */
async function readRewardFunction(path: string): Promise<string> {
  const most = defaultFunctionLimits.sourceBytes;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readRegularFile(path, most));
  } catch (error) {
    throw new TapestryError(
      'reward.unreadable',
      `${printable(path)} is no file of JavaScript that can be read, of at most ${most} bytes.`,
      'Name a module whose default export is a function (completion, {prompt, answer}) that returns a number.',
      { cause: error },
    );
  }
}

/** Reads a recipe. Throws `recipe.missing` or the errors of `parseRecipe`. */
export async function readRecipeFile(path: string, overrides?: Overrides): Promise<Recipe> {
  return parseRecipe(await readRecipeText(path), path, overrides);
}

/** Reads the text of a recipe's file. Throws `recipe.missing`. */
export async function readRecipeText(path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readRegularFile(path, maxRecipeBytes));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    throw new TapestryError(
      'recipe.missing',
      `${printable(path)} is no regular file that can be read, of at most ${maxRecipeBytes} bytes.`,
      'Name a recipe; docs/recipe.md shows one.',
      { cause: error },
    );
  }
}

/** The base text that a stage names; null if it names none. */
async function readBaseText(
  { text, corpora }: ReplayRecipe,
  onProblem: (problem: TapestryError) => void,
): Promise<BaseText | null> {
  const parts: Corpus[] = [];
  for (const name of corpora) parts.push(await loadNation(name));
  if (text.length > 0) parts.push(await loadCorpusFiles(text, onProblem));
  if (parts.length === 0) return null;
  const files: DataFile[] = [];
  for (const { name } of await textFilesAt(text, new Problems()))
    files.push({ name, hash: await hashOfStream(createReadStream(name)), card: null });
  return { corpus: joinCorpora('the base text', parts), files };
}
