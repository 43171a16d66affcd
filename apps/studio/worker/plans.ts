import { revokedHashes } from '../../../client/data/cards/data-entry.ts';
import { requireUnrevoked } from '../../../client/data/cards/touched.ts';
import { type Corpus, joinCorpora } from '../../../client/data/corpus.ts';
import { corpusFromFiles } from '../../../client/data/reading/corpus-from-files.ts';
import type { TextFile } from '../../../client/data/reading/file-reading.ts';
import { loadNation } from '../../../client/data/udhr/nations.ts';
import { readDatasets } from '../../../client/derive/data/read-datasets.ts';
import { type BuildInputs, prepareBuild } from '../../../client/derive/inputs.ts';
import { predictStages, type StagePrediction } from '../../../client/derive/prediction.ts';
import { parseRecipe } from '../../../client/derive/recipe/recipe.ts';
import type { TapestryError } from '../../../client/errors.ts';
import type { DataFile } from '../../../client/formats/lineage/record.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { measuredKernels } from '../../../client/gpu/tuning/measured-kernels.ts';
import type { Runtime } from '../../../client/runtime.ts';
import type { Library } from './library/add-files.ts';
import type { PlanView, StageView } from './worker-api.ts';

/** The name of the recipe in errors. */
export const recipeName = 'The recipe';

/** Reads a recipe, and all that it names from the page's own storage. Throws the errors of `parseRecipe` and `prepareBuild`. */
export async function studioInputs(
  text: string,
  { models, datasets, documents, cards }: Library,
  onProblem: (problem: TapestryError) => void,
): Promise<BuildInputs> {
  const recipe = parseRecipe(text, recipeName);
  const filesOf = async (names: readonly string[]): Promise<TextFile[]> => {
    const files: TextFile[] = [];
    for (const name of names) files.push(await datasets.file(name));
    return files;
  };
  const model = await models.load(recipe.baseModel);
  const parentage = await models.parentage(recipe.baseModel);
  requireUnrevoked(parentage.family, recipe.baseModel, revokedHashes(await cards.entries()));
  return prepareBuild(recipe, model, parentage, {
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
    rewardFunction: (path) => documents.text(path),
    cardOf: (file) => datasets.cardOf(file),
    protectedRules: (path) => documents.protectedRules(path),
    constitution: (path) => documents.constitution(path),
  });
}

/** Opens the adapter, and predicts what each stage of a build takes on it. Throws `adapter.missing` or the errors of `planStep`. */
export async function planOf(inputs: BuildInputs, runtime: Runtime): Promise<PlanView> {
  const device = await openDevice(await runtime.gpu());
  try {
    const predictions = await predictStages(device, measuredKernels(device, runtime.cache), inputs);
    return {
      stages: predictions.map((prediction) => stageView(prediction, inputs)),
      ignored: inputs.recipe.ignored.map(({ key }) => key),
      constitution: constitutionView(inputs),
    };
  } finally {
    device.close();
  }
}

function constitutionView({ recipe, constitution }: BuildInputs): PlanView['constitution'] {
  if (recipe.constitution === null || constitution === null) return null;
  const { keys, boards } = constitution.signed;
  const agreeing = boards.filter(({ agrees }) => agrees).map(({ name }) => name);
  return { name: recipe.constitution.path, hash: constitution.hash, keys: keys.length, boards: agreeing };
}

function stageView(
  { stage: plan, index, bytes, seconds }: StagePrediction,
  { replayRemoved }: BuildInputs,
): StageView {
  const { recipe, data, baseText, shape, steps, schedule } = plan;
  const { nearCopies: _, ...counts } = data.counts;
  return {
    kind: recipe.kind,
    files: data.files.map(({ name }) => name),
    ...counts,
    protectedText: replayRemoved[index] ?? [],
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
