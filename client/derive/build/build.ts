import type { ModelConfig } from '../../model/config.ts';
import { layoutOf } from '../../model/parameters.ts';
import type { Files } from '../../runtime.ts';
import { sha256Hex } from '../../sha256.ts';
import { recipeHash } from '../../train/checkpoint.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { type BuildState, decodeBuildState, encodeBuildState } from './build-state.ts';
import { curvesCsv, curvesJsonl } from './curves.ts';
import { eventFile } from './event-file.ts';
import type { Measurement } from './measurement.ts';
import type { RewardSources } from './reinforce/rewards.ts';
import { runStage, type StageContext } from './run-stage.ts';
import type { StagePlan } from './stage-plan.ts';
import { weightsHash } from './stage-weights.ts';

/** The files that a build writes beside the model. */
export const buildFiles = {
  state: 'build-state.safetensors',
  csv: 'curves.csv',
  jsonl: 'curves.jsonl',
  events: 'events.out.tfevents.tapestry',
} as const;

/** A build: the weights to begin with and the planned stages. */
export interface Build {
  /** Names the build: SHA-256, in hex, over everything that determines its bits. */
  readonly id: string;
  readonly base: Float32Array<ArrayBuffer>;
  readonly stages: readonly StagePlan[];
}

export interface BuildResult {
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly measurements: readonly Measurement[];
  /** For each stage, the step whose weights are its result. */
  readonly chosen: readonly number[];
}

/** The id of a build of a recipe on weights of the hash `base`; `constitution` is the hash of the one that it names. */
export function buildId(
  recipe: Recipe,
  base: string,
  stages: readonly StagePlan[],
  constitution: string | null,
): string {
  return recipeHash({
    recipe: recipe.hash,
    base,
    ...(constitution !== null && { constitution }),
    data: stages.map(({ data }) => data.hash),
    baseText: stages.map(({ baseText }) => baseText?.train.hash() ?? null),
    rewards: stages.map(({ rewardSources }) => rewardHashes(rewardSources)),
  });
}

function rewardHashes({ judges, functions }: RewardSources) {
  return {
    judges: [...judges].map(([path, { parameters }]) => [path, weightsHash(parameters)]),
    functions: [...functions].map(([path, source]) => [path, sha256Hex(new TextEncoder().encode(source))]),
  };
}

/**
 * Runs the stages of a build, or those that are left of it: `files` holds its state, from which it resumes with the same bits,
 * and its curves. Throws the errors of `TrainingLoop.run`, of `decodeBuildState` and of `files`; if aborted, the signal's reason.
 */
export async function runBuild(
  build: Build,
  files: Files,
  context: Omit<StageContext, 'base' | 'save'>,
): Promise<BuildResult> {
  const { id, base, stages } = build;
  let state = (await savedState(build, files, context.config)) ?? fresh;
  const begun = weightsHash(base);
  const save = async (reached: BuildState) => {
    await files.write(buildFiles.state, await encodeBuildState(id, begun, reached));
    await writeCurves(files, stages, reached.measurements);
  };
  for (let plan = stages[state.stage]; plan !== undefined; plan = stages[state.stage]) {
    state = await runStage(plan, state, {
      ...context,
      config: configAt(stages, state.stage, context.config),
      base,
      save,
    });
    await save(state);
  }
  const { start, measurements, chosen } = state;
  return { parameters: start ?? base, measurements, chosen };
}

const fresh: BuildState = {
  stage: 0,
  checkpoint: null,
  start: null,
  references: null,
  best: null,
  notBetter: 0,
  measurements: [],
  chosen: [],
};

/** The state of a build that `files` holds; null before the first. `config` is that of the base. Throws the errors of `decodeBuildState`. */
export async function savedState(
  { id, base, stages }: Build,
  files: Files,
  config: ModelConfig,
): Promise<BuildState | null> {
  const saved = await files.read(buildFiles.state);
  const lengthAt = (stage: number) => layoutOf(configAt(stages, stage, config)).length;
  return saved && decodeBuildState(saved, id, weightsHash(base), lengthAt);
}

/** The configuration of the model that a stage begins with or, after the last, of the result. */
function configAt(stages: readonly StagePlan[], stage: number, base: ModelConfig): ModelConfig {
  return stages[stage - 1]?.config ?? base;
}

async function writeCurves(
  files: Files,
  stages: readonly StagePlan[],
  measurements: readonly Measurement[],
): Promise<void> {
  const kinds = stages.map(({ recipe }) => recipe.kind);
  const encoder = new TextEncoder();
  await files.write(buildFiles.csv, encoder.encode(curvesCsv(measurements, kinds)));
  await files.write(buildFiles.jsonl, encoder.encode(curvesJsonl(measurements, kinds)));
  await files.write(buildFiles.events, eventFile(measurements, kinds));
}
