import { requireUnrevoked } from '../../../client/data/cards/touched.ts';
import { type Corpus, joinCorpora } from '../../../client/data/corpus.ts';
import type { TextFile } from '../../../client/data/reading/file-reading.ts';
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
import { NotRead, readRegularFile, whyNotRead } from '../../../client/host/regular-file.ts';
import { hashOfFile, isRevoked, requireUse } from '../cards/data-use.ts';
import { readConstitutionFile } from '../constitution/read-constitution.ts';
import { parentageOf } from '../lineage/parent.ts';
import { loadAnyModel, loadRewardModel } from '../model/model-folder.ts';
import { readProtectedRules } from '../protect/rules-file.ts';

/** What of the data on this machine was revoked, and whether a build goes on without it or refuses to begin. */
export interface Revocations {
  readonly revoked: ReadonlySet<string>;
  readonly isLeftOut: boolean;
}

/**
 * Reads a recipe's file, and from this machine its model, data and base text. Each sort of problem of the data is passed to
 * `onProblem` once.
 * @throws TapestryError `recipe.*`, `constitution.*`, `protected.*`, `model.*`, `dataset.*` or `corpus.*`
 */
export async function readInputs(
  path: string,
  onProblem: (problem: TapestryError) => void,
  overrides?: Overrides,
  revocations: Revocations = { revoked: new Set(), isLeftOut: false },
): Promise<BuildInputs> {
  const recipe = await readRecipeFile(path, overrides);
  const model = await loadAnyModel(recipe.baseModel);
  const parentage = await parentageOf(recipe.baseModel, model);
  requireUnrevoked(parentage.family, recipe.baseModel, revocations.revoked);
  return prepareBuild(recipe, model, parentage, {
    async datasets(patterns) {
      const problems = new Problems();
      const files = await unrevoked(await textFilesAt(patterns, problems), onProblem, revocations);
      return readDatasets(patterns, files, onProblem, problems);
    },
    baseText: (replay) => readBaseText(replay, onProblem, revocations),
    async cardOf(file) {
      return (await requireUse(file, 'build', revocations.revoked)).card;
    },
    judge: loadRewardModel,
    rewardFunction: readRewardFunction,
    constitution: readConstitutionFile,
    protectedRules: readProtectedRules,
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
      `${printable(path)} ${whyNotRead(error, maxRecipeBytes)}.`,
      'Name a recipe; docs/recipe.md shows one.',
      { cause: error },
    );
  }
}

/** The base text that a stage names; null if it names none. */
async function readBaseText(
  { text, corpora }: ReplayRecipe,
  onProblem: (problem: TapestryError) => void,
  revocations: Revocations,
): Promise<BaseText | null> {
  const parts: Corpus[] = [];
  for (const name of corpora) parts.push(await loadNation(name));
  const named = await unrevoked(await textFilesAt(text, new Problems()), onProblem, revocations);
  const isShorter = revocations.isLeftOut && named.length > 0;
  // The files that are left are named one by one; a missing one is told by its pattern.
  const patterns = isShorter ? named.map(({ name }) => name) : text;
  if (patterns.length > 0) parts.push(await loadCorpusFiles(patterns, onProblem));
  if (parts.length === 0) return null;
  const files: DataFile[] = [];
  for (const { name } of named) files.push({ name, hash: await hashOfFile(name), card: null });
  return { corpus: joinCorpora('the base text', parts), files };
}

/** Files without those that were revoked, if a build goes on without them; each is told as a problem. */
async function unrevoked(
  files: readonly TextFile[],
  onProblem: (problem: TapestryError) => void,
  { revoked, isLeftOut }: Revocations,
): Promise<readonly TextFile[]> {
  if (!isLeftOut) return files;
  const left: TextFile[] = [];
  for (const file of files) {
    const hash = await hashOfFile(file.name);
    if (!(await isRevoked(file.name, hash, revoked))) left.push(file);
    else
      onProblem(
        new TapestryError(
          'card.left-out',
          `${printable(file.name)} was revoked and is left out.`,
          'Nothing is to do.',
        ),
      );
  }
  return left;
}
