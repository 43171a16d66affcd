import { type Corpus, joinCorpora } from '../../../client/data/corpus.ts';
import { corpusFromFiles } from '../../../client/data/reading/corpus-from-files.ts';
import type { TextFile } from '../../../client/data/reading/file-reading.ts';
import { loadNation } from '../../../client/data/udhr/nations.ts';
import { readDatasets } from '../../../client/derive/data/read-datasets.ts';
import { type BuildInputs, prepareBuild } from '../../../client/derive/inputs.ts';
import { predictStages, type StagePrediction } from '../../../client/derive/prediction.ts';
import { parseRecipe } from '../../../client/derive/recipe/recipe.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import type { DataFile } from '../../../client/formats/lineage/record.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { measuredKernels } from '../../../client/gpu/tuning/measured-kernels.ts';
import type { Runtime } from '../../../client/runtime.ts';
import type { Datasets } from './datasets.ts';
import type { Models } from './models.ts';
import type { PlanView, StageView } from './worker-api.ts';

/** The name of the recipe in errors. */
export const recipeName = 'The recipe';

/** Reads a recipe, and all that it names from the page's own storage. Throws the errors of `parseRecipe` and `prepareBuild`. */
export async function studioInputs(
  text: string,
  models: Models,
  datasets: Datasets,
  onProblem: (problem: TapestryError) => void,
): Promise<BuildInputs> {
  const recipe = parseRecipe(text, recipeName);
  const filesOf = async (names: readonly string[]): Promise<TextFile[]> => {
    const files: TextFile[] = [];
    for (const name of names) files.push(await datasets.file(name));
    return files;
  };
  const model = await models.load(recipe.baseModel);
  return prepareBuild(recipe, model, await models.parentage(recipe.baseModel), {
    datasets: async (names) => readDatasets(names, await filesOf(names), onProblem),
    async baseText({ text: names, corpora }) {
      const parts: Corpus[] = [];
      for (const name of corpora) parts.push(await loadNation(name));
      if (names.length > 0)
        parts.push(await corpusFromFiles(names.join(', '), await filesOf(names), onProblem));
      const files: DataFile[] = [];
      for (const name of names) files.push({ name, hash: (await datasets.rows(name)).hash, card: null });
      return parts.length === 0 ? null : { corpus: joinCorpora('the base text', parts), files };
    },
    judge: (path) => models.load(path),
    async rewardFunction(path) {
      throw new TapestryError(
        'studio.no-functions',
        `The studio runs no functions of a person, and the recipe names ${printable(path)}.`,
        'Use `tapestry build` for this recipe, or take the reward out of it.',
      );
    },
    // The page has the content of files that were dropped, without the cards beside them.
    cardOf: async () => null,
    async protectedRules(path) {
      throw new TapestryError(
        'studio.no-rules',
        `The studio reads no files of rules, and the recipe names ${printable(path)}.`,
        'Write the rules into the recipe: protected takes their list too.',
      );
    },
    async constitution(path) {
      throw new TapestryError(
        'studio.no-constitution',
        `The studio does not read constitutions, and the recipe names ${printable(path)}.`,
        'Use `tapestry build` for this recipe, or take the constitution out of it.',
      );
    },
  });
}

/** Opens the adapter, and predicts what each stage of a build takes on it. Throws `adapter.missing` or the errors of `planStep`. */
export async function planOf(inputs: BuildInputs, runtime: Runtime): Promise<PlanView> {
  const device = await openDevice(await runtime.gpu());
  try {
    const predictions = await predictStages(device, measuredKernels(device, runtime.cache), inputs);
    return {
      stages: predictions.map(stageView),
      ignored: inputs.recipe.ignored.map(({ key }) => key),
    };
  } finally {
    device.close();
  }
}

function stageView({ stage: plan, bytes, seconds }: StagePrediction): StageView {
  const { recipe, data, baseText, shape, steps, schedule } = plan;
  const { nearCopies: _, ...counts } = data.counts;
  return {
    kind: recipe.kind,
    files: data.files.map(({ name }) => name),
    ...counts,
    replay: baseText === null ? 0 : recipe.replay.share,
    kl: recipe.kl,
    baseTokens: baseText?.train.length ?? 0,
    ...shape,
    steps,
    learningRate: schedule.peak,
    memory: bytes,
    seconds,
  };
}
