import { type Corpus, type TokenizedCorpus, tokenizeCorpus } from '../data/corpus.ts';
import type { Model } from '../model/files/read-model.ts';
import { type Build, buildId } from './build/build.ts';
import { stageData } from './build/stage-data.ts';
import { planStage, sequenceOf } from './build/stage-plan.ts';
import { weightsHash } from './build/stage-weights.ts';
import type { FileRows } from './data/read-rows.ts';
import type { Recipe, ReplayRecipe } from './recipe/recipe.ts';

/** Everything that a recipe names, read from where it lies. */
export interface BuildInputs {
  readonly recipe: Recipe;
  readonly model: Model;
  readonly build: Build;
  /** The hash of the weights that the build begins with. */
  readonly parent: string;
}

/** Where the files that a recipe names are read from: a disk, or a page's own storage. */
export interface BuildSources {
  /** The rows of the files that a stage names. Throws `dataset.none` if none can be read. */
  datasets(names: readonly string[]): Promise<readonly FileRows[]>;
  /** The base text that a stage names, as one corpus; null if it names none. Throws `corpus.*`. */
  baseText(replay: ReplayRecipe): Promise<Corpus | null>;
}

/** Reads a recipe's data and base text, and plans its stages. @throws TapestryError `recipe.*`, `dataset.*` or `corpus.*` */
export async function prepareBuild(
  recipe: Recipe,
  model: Model,
  sources: BuildSources,
): Promise<BuildInputs> {
  const { config, tokenizer, parameters } = model;
  const baseTexts = new Map<string, Promise<TokenizedCorpus | null>>();
  const readBaseText = async (replay: ReplayRecipe) => {
    const corpus = await sources.baseText(replay);
    return corpus && tokenizeCorpus(corpus, tokenizer);
  };
  const stages = [];
  for (const [index, stage] of recipe.stages.entries()) {
    const files = await sources.datasets(stage.datasets);
    const data = stageData(files, stage, tokenizer, sequenceOf(stage, config));
    const key = JSON.stringify([stage.replay.text, stage.replay.corpora]);
    const baseText = baseTexts.get(key) ?? readBaseText(stage.replay);
    baseTexts.set(key, baseText);
    stages.push(planStage(stage, config, data, await baseText, (recipe.seed + index) >>> 0));
  }
  const parent = weightsHash(parameters);
  return { recipe, model, parent, build: { id: buildId(recipe, parent, stages), base: parameters, stages } };
}
