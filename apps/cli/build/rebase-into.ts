import { join } from 'node:path';
import { runBuild } from '../../../client/derive/build/build.ts';
import { adapterSettings } from '../../../client/derive/build/stage-weights.ts';
import { adapterRecord, derivativeFolder, stageAdapterFolder } from '../../../client/derive/derivative.ts';
import type { BuildInputs } from '../../../client/derive/inputs.ts';
import { signLineage } from '../../../client/derive/lineage.ts';
import {
  chooseRebase,
  type Learnt,
  planRebase,
  type RebaseChoice,
  rebasable,
  rebaseRecord,
} from '../../../client/derive/rebase.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { encodeLineage, lineageFile } from '../../../client/formats/lineage/lineage.ts';
import type { BuildRecord, RebaseRecord } from '../../../client/formats/lineage/record.ts';
import { parametersHash } from '../../../client/formats/model-folder.ts';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import { nodeFiles, writeDurably } from '../../../relay/storage/files.ts';
import { parentageOf } from '../lineage/parent.ts';
import { loadAdapter, writeAdapterFolder } from '../model/adapter-folder.ts';
import { loadModel } from '../model/model-folder.ts';
import { version } from '../version.ts';
import type { BuildOptions } from './build-into.ts';
import { openOutput } from './output-folder.ts';

export interface RebaseOptions extends BuildOptions {
  /** The folder of the derivative. */
  readonly derivative: string;
  /** The base that it was built on, which is read only where no adapter can be moved. */
  readonly oldBase: string;
  /** Steps to tune on the new base. */
  readonly steps: number;
}

/**
 * Moves a derivative to the base of `inputs`, tunes it there on the same data, and writes the better of the two; resumes where
 * it was stopped. The choice is null for a rebase that was done before.
 * @throws TapestryError `rebase.*`, `build.foreign-folder` and the errors of `runBuild`
 */
export async function rebaseInto(
  inputs: BuildInputs,
  folder: string,
  { derivative, oldBase, steps, progress, signer, signal }: RebaseOptions,
): Promise<{ readonly record: BuildRecord | RebaseRecord; readonly choice: RebaseChoice | null }> {
  const { model, recipe, parentage } = inputs;
  const old = await loadModel(derivative);
  const parent = await parentageOf(derivative, old);
  const before = rebasable(parent.family, inputs);
  if (old.layout.hash !== model.layout.hash)
    throw new TapestryError(
      'rebase.shape',
      'The new base has other sizes than the derivative.',
      'Name a later base of the same run, or build again: tapestry build.',
    );
  const learnt = await learntBy(derivative, old.parameters, inputs, before, oldBase);
  const rebase = planRebase(inputs, learnt, steps);
  const out = await openOutput(folder, rebase.build.id);
  if (out.done !== null) return { record: out.done, choice: null };
  const own = join(folder, 'adapter-1');
  const stage = recipe.stages[0]?.adapter ?? null;
  const settings = learnt.form === 'adapter' && stage !== null ? adapterSettings(stage) : null;
  const saveAdapter = async (values: Float32Array<ArrayBuffer>) => {
    if (settings !== null) await writeAdapterFolder(own, stageAdapterFolder(inputs, 0, settings, values));
  };
  const result = await runBuild(rebase.build, out.files, {
    runtime: nodeRuntime({ folder }),
    config: model.config,
    tokenizer: model.tokenizer,
    checkpointMilliseconds: 60_000 * recipe.checkpointMinutes,
    references: out.references,
    date: Date.now,
    saveAdapter: (_, __, values) => saveAdapter(values),
    onEvent: (event) => progress.show(event),
    signal,
  });
  const choice = chooseRebase(rebase, result);
  if (choice.chosen === 'moved' && learnt.form === 'adapter') await saveAdapter(learnt.values);
  const record = rebaseRecord(inputs, rebase, result, { parentage: parent, record: before }, version);
  const families = [parentage.family, parent.family].filter((family) => family !== null);
  if (settings !== null) {
    const { adapter } = await loadAdapter(own, model);
    const signed = await signLineage(
      adapterRecord(record, record.stages.length, adapter.values),
      families,
      signer,
    );
    await writeDurably(nodeFiles, own, lineageFile, encodeLineage(signed));
  }
  const parameters = choice.chosen === 'moved' ? rebase.moved : result.parameters;
  await out.finish(
    derivativeFolder(inputs, { parameters }, record),
    await signLineage(record, families, signer),
  );
  return { record, choice };
}

/** What the derivative learnt: its adapter if that is all of it, else the difference of its weights from those of its old base. */
async function learntBy(
  folder: string,
  derivative: Float32Array<ArrayBuffer>,
  { model, recipe }: BuildInputs,
  { parents }: BuildRecord | RebaseRecord,
  oldBase: string,
): Promise<Learnt> {
  if (recipe.stages.length === 1 && recipe.stages[0]?.adapter) {
    const { adapter } = await loadAdapter(join(folder, 'adapter-1'), model);
    return { form: 'adapter', values: new Float32Array(adapter.values) };
  }
  const { parameters: base } = await loadModel(oldBase);
  if (parametersHash(base) === parents[0]?.weights) return { form: 'weights', derivative, base };
  throw new TapestryError(
    'rebase.other-base',
    `${printable(oldBase)} is not the base that the derivative was built on.`,
    'Name that base as base_model in the recipe: the change of its weights is what moves.',
  );
}
