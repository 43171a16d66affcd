import {
  type Corpus,
  joinCorpora,
  type TokenizedCorpus,
  tokenizeCorpus,
} from '../../../client/data/corpus.ts';
import { LeftOut, Problems } from '../../../client/data/reading/problems.ts';
import type { Tokenizer } from '../../../client/data/tokenizer.ts';
import { loadNation } from '../../../client/data/udhr/nations.ts';
import { type Build, buildId } from '../../../client/derive/build/build.ts';
import { stageData } from '../../../client/derive/build/stage-data.ts';
import { planStage, sequenceOf } from '../../../client/derive/build/stage-plan.ts';
import { weightsHash } from '../../../client/derive/build/stage-weights.ts';
import { type FileRows, readRows } from '../../../client/derive/data/read-rows.ts';
import { maxRecipeBytes } from '../../../client/derive/recipe/read-keys.ts';
import type { Overrides } from '../../../client/derive/recipe/read-recipe.ts';
import { parseRecipe, type Recipe, type ReplayRecipe } from '../../../client/derive/recipe/recipe.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { loadCorpusFiles, textFilesAt } from '../../../client/host/corpus-files.ts';
import { NotRead, readRegularFile } from '../../../client/host/regular-file.ts';
import { loadModel, type Model } from '../model/model-folder.ts';

/** Everything that a recipe names, read from this machine. */
export interface BuildInputs {
  readonly recipe: Recipe;
  readonly model: Model;
  readonly build: Build;
  /** The hash of the weights that the build begins with. */
  readonly parent: string;
}

/**
 * Reads a recipe's file, its model, data and base text. Each sort of problem of the data is passed to `onProblem` once.
 * @throws TapestryError `recipe.*`, `model.*`, `dataset.*` or `corpus.*`
 */
export async function readInputs(
  path: string,
  onProblem: (problem: TapestryError) => void,
  overrides?: Overrides,
): Promise<BuildInputs> {
  const recipe = await readRecipeFile(path, overrides);
  const model = await loadModel(recipe.baseModel);
  const { config, tokenizer, parameters } = model;
  const baseTexts = new Map<string, Promise<TokenizedCorpus | null>>();
  const stages = [];
  for (const [index, stage] of recipe.stages.entries()) {
    const files = await readDatasets(stage.datasets, onProblem);
    const data = stageData(files, stage, tokenizer, sequenceOf(stage, config));
    const key = JSON.stringify([stage.replay.text, stage.replay.corpora]);
    const baseText = baseTexts.get(key) ?? readBaseText(stage.replay, tokenizer, onProblem);
    baseTexts.set(key, baseText);
    stages.push(planStage(stage, config, data, await baseText, (recipe.seed + index) >>> 0));
  }
  const parent = weightsHash(parameters);
  return { recipe, model, parent, build: { id: buildId(recipe, parent, stages), base: parameters, stages } };
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

/** Reads the files of datasets. Throws `dataset.none` if none can be read. */
async function readDatasets(
  patterns: readonly string[],
  onProblem: (problem: TapestryError) => void,
): Promise<FileRows[]> {
  const problems = new Problems();
  const read: FileRows[] = [];
  for (const file of await textFilesAt(patterns, problems)) {
    try {
      read.push(await readRows(file, problems));
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error;
      problems.add(error.sort, file.name, null, error.cause);
    }
  }
  for (const problem of problems.list()) onProblem(problem);
  if (read.length > 0) return read;
  throw new TapestryError(
    'dataset.none',
    `No dataset can be read from ${printable(patterns.join(', '))}.`,
    'Name files of JSONL, JSON or text that are on this machine. Datasets of a hub are downloaded first.',
  );
}

/** The base text that a stage names, as one corpus; null if it names none. */
async function readBaseText(
  { text, corpora }: ReplayRecipe,
  tokenizer: Tokenizer,
  onProblem: (problem: TapestryError) => void,
): Promise<TokenizedCorpus | null> {
  const parts: Corpus[] = [];
  for (const name of corpora) parts.push(await loadNation(name));
  if (text.length > 0) parts.push(await loadCorpusFiles(text, onProblem));
  if (parts.length === 0) return null;
  return tokenizeCorpus(joinCorpora('the base text', parts), tokenizer);
}
