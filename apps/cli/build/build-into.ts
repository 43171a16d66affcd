import { join } from 'node:path';
import { runBuild } from '../../../client/derive/build/build.ts';
import { derivativeFolder, lineageOf, stageAdapterFolder } from '../../../client/derive/derivative.ts';
import type { BuildInputs } from '../../../client/derive/inputs.ts';
import type { Lineage } from '../../../client/formats/derivative-card.ts';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import { writeAdapterFolder } from '../model/adapter-folder.ts';
import { version } from '../version.ts';
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
  const { recipe, model, build } = inputs;
  const out = await openOutput(folder, build.id);
  if (out.done !== null) return out.done;
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
    onEvent: (event) => progress.show(event),
    signal,
  });
  const lineage = lineageOf(inputs, result, version);
  await out.finish(derivativeFolder(model, result, lineage), lineage);
  return lineage;
}
