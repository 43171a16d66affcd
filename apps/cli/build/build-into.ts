import { join } from 'node:path';
import { runBuild } from '../../../client/derive/build/build.ts';
import {
  adapterRecord,
  buildRecord,
  derivativeFolder,
  stageAdapterFolder,
} from '../../../client/derive/derivative.ts';
import type { BuildInputs } from '../../../client/derive/inputs.ts';
import { signLineage } from '../../../client/derive/lineage.ts';
import { encodeLineage, lineageFile } from '../../../client/formats/lineage/lineage.ts';
import type { BuildRecord } from '../../../client/formats/lineage/record.ts';
import { nodeIsolate } from '../../../client/host/node/isolate.ts';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import type { Identity } from '../../../client/identity.ts';
import { nodeFiles, writeDurably } from '../../../relay/storage/files.ts';
import { loadAdapter, writeAdapterFolder } from '../model/adapter-folder.ts';
import { siblingProgram } from '../program.ts';
import { version } from '../version.ts';
import { openOutput } from './output-folder.ts';
import type { BuildProgress } from './progress.ts';

export interface BuildOptions {
  readonly progress: BuildProgress;
  /** What signs the lineage. */
  readonly signer: Identity;
  readonly signal: AbortSignal;
}

/**
 * Builds into a folder, or resumes there; a finished build is not run again. If aborted, rejects with the signal's reason.
 * @throws TapestryError `build.foreign-folder` and the errors of `runBuild`
 */
export async function buildInto(
  inputs: BuildInputs,
  folder: string,
  { progress, signer, signal }: BuildOptions,
): Promise<BuildRecord> {
  const { recipe, model, build, parentage } = inputs;
  const out = await openOutput(folder, build.id);
  if (out.done?.made === 'build') return out.done;
  const result = await runBuild(build, out.files, {
    runtime: nodeRuntime({ folder }),
    config: model.config,
    tokenizer: model.tokenizer,
    checkpointMilliseconds: 60_000 * recipe.checkpointMinutes,
    references: out.references,
    date: Date.now,
    saveAdapter: (stage, settings, values) =>
      writeAdapterFolder(
        join(folder, `adapter-${stage + 1}`),
        stageAdapterFolder(inputs, stage, settings, values),
      ),
    startFunction: () => nodeIsolate(siblingProgram('function-worker')),
    onEvent: (event) => progress.show(event),
    signal,
  });
  const record = buildRecord(inputs, result, version);
  const families = parentage.family === null ? [] : [parentage.family];
  for (const [stage, { recipe: trained }] of build.stages.entries()) {
    if (trained.adapter === null || trained.kind === 'reward') continue;
    const own = join(folder, `adapter-${stage + 1}`);
    const { adapter } = await loadAdapter(own, model);
    const signed = await signLineage(adapterRecord(record, stage, adapter.values), families, signer);
    await writeDurably(nodeFiles, own, lineageFile, encodeLineage(signed));
  }
  await out.finish(derivativeFolder(inputs, result, record), await signLineage(record, families, signer));
  return record;
}
