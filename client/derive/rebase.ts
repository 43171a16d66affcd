import { TapestryError } from '../errors.ts';
import type { Lineage, Parentage } from '../formats/lineage/lineage.ts';
import type { BuildRecord, LineageRecord, RebaseRecord } from '../formats/lineage/record.ts';
import { mergeAdapter } from '../model/adapter/merge.ts';
import { modelAdapter } from '../model/adapter/model-adapter.ts';
import { layoutOf } from '../model/parameters.ts';
import { recipeHash } from '../train/checkpoint.ts';
import type { Build, BuildResult } from './build/build.ts';
import { isBetter, type Measurement } from './build/measurement.ts';
import { planStage, type StagePlan } from './build/stage-plan.ts';
import { adapterSettings, weightsHash } from './build/stage-weights.ts';
import { buildRecord } from './derivative.ts';
import type { BuildInputs } from './inputs.ts';

/** What a derivative learnt, in the form in which it is moved to another base. */
export type Learnt =
  /** The values of the only stage's adapter, over the layout of its settings. */
  | { readonly form: 'adapter'; readonly values: Float32Array<ArrayBuffer> }
  /** All weights of the derivative, and those of the base that it was built on. */
  | {
      readonly form: 'weights';
      readonly derivative: Float32Array<ArrayBuffer>;
      readonly base: Float32Array<ArrayBuffer>;
    };

/** A derivative moved to another base, and the build that tunes it there for some steps. */
export interface Rebase {
  /** The weights of the moved derivative: the new base with the adapter merged in, or with the old difference added. */
  readonly moved: Float32Array<ArrayBuffer>;
  /** Its only stage is the last of the recipe, and begins with what was moved. */
  readonly build: Build;
}

/**
 * Plans a rebase. `inputs` are those of the derivative's recipe on the new base. An adapter is moved as it is. Weights move by
 * their difference (task arithmetic, Ilharco et al. 2022, arXiv 2212.04089).
 * @throws TapestryError `rebase.stage` for a reward model, `rebase.not-measured` for a recipe that holds out no row
 */
export function planRebase({ model, recipe, build }: BuildInputs, learnt: Learnt, steps: number): Rebase {
  const last = build.stages.at(-1);
  if (last === undefined || last.config.scores)
    throw new TapestryError(
      'rebase.stage',
      'The last stage trains a reward model, whose head belongs to its base.',
      'Build it again on the new base: tapestry build.',
    );
  if (last.data.heldOut.length === 0 && last.recipe.reinforce === null)
    throw new TapestryError(
      'rebase.not-measured',
      'The recipe holds out no row, so that the moved and the tuned derivative cannot be compared.',
      'Set val_set_size in the recipe, and build with it.',
    );
  const { adapter } = last.recipe;
  const isAdapter = learnt.form === 'adapter' && adapter !== null;
  const moved = movedWeights(model.parameters, learnt, last);
  const own = { ...last.recipe, maxSteps: steps, patience: null };
  const plan = planStage(own, model.config, last.data, last.baseText, last.seed);
  return {
    moved,
    build: {
      id: recipeHash({
        rebase: weightsHash(moved),
        base: weightsHash(model.parameters),
        steps,
        recipe: recipe.hash,
      }),
      base: isAdapter ? model.parameters : moved,
      stages: [isAdapter ? { ...plan, initial: learnt.values } : plan],
    },
  };
}

function movedWeights(
  base: Float32Array<ArrayBuffer>,
  learnt: Learnt,
  { config, recipe: { adapter } }: StagePlan,
): Float32Array<ArrayBuffer> {
  if (learnt.form === 'weights')
    return base.map((value, i) => value + ((learnt.derivative[i] ?? 0) - (learnt.base[i] ?? 0)));
  const layout = layoutOf(config);
  if (adapter === null) throw new RangeError('the stage trains no adapter');
  return mergeAdapter(
    { layout, values: base },
    modelAdapter(layout, adapterSettings(adapter), learnt.values),
  );
}

/** The figures of the moved and of the tuned derivative, and the better of the two by the recipe's metric. */
export interface RebaseChoice {
  readonly chosen: 'moved' | 'tuned';
  readonly moved: Measurement['values'];
  readonly tuned: Measurement['values'];
}

/** Compares the measurement before the first step with that of the build's result. The tuned one must be better. */
export function chooseRebase({ build }: Rebase, { measurements, chosen }: BuildResult): RebaseChoice {
  const moved = measurements.find(({ step }) => step === 0)?.values ?? {};
  const tuned = measurements.find(({ step }) => step === chosen[0])?.values ?? {};
  const metric = build.stages[0]?.recipe.metric ?? 'loss';
  const [before, after] = [moved[metric], tuned[metric]];
  const isTuned =
    after !== undefined && (before === undefined || isBetter(metric, after, { step: 0, value: before }));
  return { chosen: isTuned ? 'tuned' : 'moved', moved, tuned };
}

/** The record of a rebased derivative: its stages are those of the derivative, and last that of the rebase. */
export function rebaseRecord(
  inputs: BuildInputs,
  rebase: Rebase,
  result: BuildResult,
  derivative: { readonly parentage: Parentage; readonly record: BuildRecord | RebaseRecord },
  code: string,
): RebaseRecord {
  const { chosen } = chooseRebase(rebase, result);
  const { build: plan } = inputs;
  const replay = inputs.replayFiles.slice(-1);
  const own = buildRecord(
    { ...inputs, build: { ...plan, ...rebase.build }, replayFiles: replay },
    result,
    code,
  );
  const stage = own.stages.map((each) => (chosen === 'moved' ? { ...each, steps: 0 } : each));
  return {
    ...own,
    made: 'rebase',
    chosen,
    weights: weightsHash(chosen === 'moved' ? rebase.moved : result.parameters),
    parents: [inputs.parentage.parent, derivative.parentage.parent],
    stages: [...derivative.record.stages, ...stage],
  };
}

/**
 * Checks that a rebase reads what the derivative was built from: its recipe and its data.
 * @throws TapestryError `rebase.not-a-build`, `rebase.other-recipe` or `rebase.other-data`
 */
export function rebasable(
  family: Lineage | null,
  { recipe, build }: BuildInputs,
): BuildRecord | RebaseRecord {
  const record: LineageRecord | undefined = family?.record;
  if (record?.made !== 'build' && record?.made !== 'rebase')
    throw new TapestryError(
      'rebase.not-a-build',
      'The model has no lineage of a build, so that nothing says what it was built from.',
      'Name a folder that `tapestry build` or `tapestry rebase` wrote.',
    );
  if (record.recipe !== recipe.hash)
    throw new TapestryError(
      'rebase.other-recipe',
      `The derivative was built by the recipe ${record.recipe.slice(0, 12)}, and this one is ${recipe.hash.slice(0, 12)}.`,
      'Name the recipe that it was built by, with the same values.',
    );
  const hashes = (files: readonly { readonly hash: string }[]) =>
    files
      .map(({ hash }) => hash)
      .sort()
      .join();
  const [wanted, found] = [record.stages[build.stages.length - 1], build.stages.at(-1)];
  if (wanted === undefined || found === undefined || hashes(wanted.data) !== hashes(found.data.files))
    throw new TapestryError(
      'rebase.other-data',
      'The data of the last stage is not that which the derivative was built on.',
      'Restore its files, or build again on the new base: tapestry build.',
    );
  return record;
}
