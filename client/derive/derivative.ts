import { derivativeCard } from '../formats/derivative-card.ts';
import type { BuildRecord, RebaseRecord } from '../formats/lineage/record.ts';
import { encodeModelFolder, type ModelFolder } from '../formats/model-folder.ts';
import { encodePeftAdapter, type PeftFolder } from '../formats/peft/adapter.ts';
import { type AdapterSettings, adapterLayout } from '../model/adapter/settings.ts';
import { layoutOf } from '../model/parameters.ts';
import type { BuildResult } from './build/build.ts';
import type { ValueName } from './build/measurement.ts';
import { weightsHash } from './build/stage-weights.ts';
import type { BuildInputs } from './inputs.ts';
import type { StageKind } from './recipe/recipe.ts';

/** The files of the derivative. Its metadata says that it is one, so that no trainer or relay of a base takes it. */
export function derivativeFolder(
  { model, build }: BuildInputs,
  { parameters }: Pick<BuildResult, 'parameters'>,
  record: BuildRecord | RebaseRecord,
): ModelFolder {
  const config = build.stages.at(-1)?.config ?? model.config;
  const metadata = {
    'tapestry.kind': 'derivative',
    'tapestry.weights': record.weights,
    'tapestry.parent': record.parents.map(({ weights }) => weights).join(','),
    'tapestry.recipe': record.recipe,
  };
  return encodeModelFolder(config, layoutOf(config), parameters, model.tokenizer, {
    metadata,
    card: derivativeCard(record, config.scores),
  });
}

/** The files of PEFT of the adapter that a stage of a build trained. `stage` is its index. */
export function stageAdapterFolder(
  { recipe, model, parentage, build }: BuildInputs,
  stage: number,
  settings: AdapterSettings,
  values: Float32Array<ArrayBuffer>,
): PeftFolder {
  const peft = { rsLora: false, dora: false, rankPattern: {}, alphaPattern: {}, ...settings };
  // A later stage's adapter belongs to the stage before, which has no name but that of the build.
  const baseModel = stage === 0 ? recipe.baseModel : `${build.id}, stage ${stage}`;
  const metadata = {
    'tapestry.kind': 'derivative',
    'tapestry.parent': parentage.parent.weights,
    'tapestry.build': build.id,
  };
  return encodePeftAdapter(peft, adapterLayout(model.layout, settings), values, { baseModel, metadata });
}

type Figure = BuildRecord['stages'][number]['figures'][number];

/** What is told of a stage's result, and the value that says it. */
function figuresOf(kind: StageKind): readonly (readonly [Figure['name'], ValueName])[] {
  switch (kind) {
    case 'reward':
      return [
        ['held-out rows', 'loss'],
        ['accuracy', 'accuracy'],
        ['margin', 'margin'],
      ];
    case 'reinforce':
      return [
        ['reward', 'reward'],
        ['base text', 'base_loss'],
      ];
    default:
      return [
        ['held-out rows', 'loss'],
        ['base text', 'base_loss'],
      ];
  }
}

/** The record of a build's result. `code` is the program's version. */
export function buildRecord(
  { recipe, parentage, build, replayFiles, cards, constitution }: BuildInputs,
  { parameters, measurements, chosen }: BuildResult,
  code: string,
): BuildRecord {
  return {
    made: 'build',
    kind: 'derivative',
    weights: weightsHash(parameters),
    parents: [parentage.parent],
    recipe: recipe.hash,
    constitution: constitution?.hash ?? null,
    build: build.id,
    code,
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
        data: data.files.map(({ name, hash }) => ({ name, hash, card: cards.get(hash)?.hash ?? null })),
        replay: [...(replayFiles[index] ?? [])],
        figures: figuresOf(kind).map(([name, value]) => figure(name, value)),
      };
    }),
  };
}

/** The record of the adapter that a stage trained. */
export function adapterRecord<R extends BuildRecord | RebaseRecord>(
  record: R,
  stage: number,
  values: Float32Array,
): R {
  const weights = weightsHash(new Float32Array(values));
  return { ...record, kind: 'adapter', weights, stages: record.stages.slice(0, stage + 1) };
}
