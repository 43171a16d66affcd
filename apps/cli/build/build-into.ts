import { join } from 'node:path';
import { type BuildResult, runBuild } from '../../../client/derive/build/build.ts';
import type { ValueName } from '../../../client/derive/build/measurement.ts';
import { weightsHash } from '../../../client/derive/build/stage-weights.ts';
import { derivativeCard, type Lineage } from '../../../client/formats/derivative-card.ts';
import { encodeModelFolder, type ModelFolder } from '../../../client/formats/model-folder.ts';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import { modelAdapter } from '../../../client/model/adapter/model-adapter.ts';
import { saveAdapter } from '../model/adapter-folder.ts';
import type { Model } from '../model/model-folder.ts';
import { version } from '../version.ts';
import type { BuildInputs } from './inputs.ts';
import { openOutput } from './output-folder.ts';
import type { BuildProgress } from './progress.ts';

/**
 * Builds into a folder, or resumes there; a finished build is not run again. If aborted, rejects with the signal's reason.
 * @throws TapestryError `build.foreign-folder` and the errors of `runBuild`
 */
export async function buildInto(
  inputs: BuildInputs,
  folder: string,
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<Lineage> {
  const { recipe, model, parent, build } = inputs;
  const out = await openOutput(folder, build.id);
  if (out.done !== null) return out.done;
  const result = await runBuild(build, out.files, {
    runtime: nodeRuntime({ folder }),
    config: model.config,
    tokenizer: model.tokenizer,
    checkpointMilliseconds: 60_000 * recipe.checkpointMinutes,
    references: out.references,
    date: Date.now,
    saveAdapter: (stage, settings, values) => {
      const peft = { rsLora: false, dora: false, rankPattern: {}, alphaPattern: {}, ...settings };
      const adapter = modelAdapter(model.layout, settings, values);
      // A later stage's adapter belongs to the stage before, which has no name but that of the build.
      const baseModel = stage === 0 ? recipe.baseModel : `${build.id}, stage ${stage}`;
      const metadata = {
        'tapestry.kind': 'derivative',
        'tapestry.parent': parent,
        'tapestry.build': build.id,
      };
      return saveAdapter(join(folder, `adapter-${stage + 1}`), peft, adapter, { baseModel, metadata });
    },
    onEvent: (event) => progress.show(event),
    signal,
  });
  const lineage = lineageOf(inputs, result);
  await out.finish(folderOf(model, result, lineage), lineage);
  return lineage;
}

/** The files of the derivative. Its metadata says that it is one, so that no trainer or relay of a base takes it. */
function folderOf(
  { config, layout, tokenizer }: Model,
  { parameters }: BuildResult,
  lineage: Lineage,
): ModelFolder {
  const weights = weightsHash(parameters);
  const metadata = {
    'tapestry.kind': 'derivative',
    'tapestry.weights': weights,
    'tapestry.parent': lineage.parent,
    'tapestry.recipe': lineage.recipe,
  };
  return encodeModelFolder(config, layout, parameters, tokenizer, {
    metadata,
    card: derivativeCard(weights, lineage),
  });
}

type Figure = Lineage['stages'][number]['figures'][number];

function lineageOf({ recipe, parent, build }: BuildInputs, { measurements, chosen }: BuildResult): Lineage {
  return {
    kind: 'derivative',
    parent,
    parentFolder: recipe.baseModel,
    recipe: recipe.hash,
    build: build.id,
    code: version,
    stages: build.stages.map(({ recipe: { kind }, data }, index) => {
      const own = measurements.filter(({ stage }) => stage === index);
      const before = own[0]?.values;
      const result = own.find(({ step }) => step === chosen[index]);
      const figure = (name: Figure['name'], value: ValueName) => ({
        name,
        before: before?.[value] ?? null,
        after: result?.values[value] ?? null,
      });
      return {
        kind,
        steps: chosen[index] ?? 0,
        data: [...data.files],
        figures: [
          kind === 'reinforce' ? figure('reward', 'reward') : figure('held-out rows', 'loss'),
          figure('base text', 'base_loss'),
        ],
      };
    }),
  };
}
