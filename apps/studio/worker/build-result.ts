import type { BuildResult } from '../../../client/derive/build/build.ts';
import { adapterRecord, derivativeFolder } from '../../../client/derive/derivative.ts';
import type { BuildInputs } from '../../../client/derive/inputs.ts';
import { signLineage } from '../../../client/derive/lineage.ts';
import { encodeLineage, lineageFile } from '../../../client/formats/lineage/lineage.ts';
import type { BuildRecord } from '../../../client/formats/lineage/record.ts';
import { openPeftAdapter, readPeftValues } from '../../../client/formats/peft/adapter.ts';
import { sourceOf } from '../../../client/formats/tensors/byte-source.ts';
import { openSafetensors } from '../../../client/formats/tensors/safetensors-source.ts';
import type { OriginFolder } from '../../../client/host/browser/origin-folder.ts';
import type { Identity } from '../../../client/identity.ts';
import { adapterLayout } from '../../../client/model/adapter/settings.ts';

/** The folder of the adapter that a stage trained; `stage` is its index. */
export const adapterFolder = (stage: number) => `adapter-${stage + 1}`;
const peftFiles = ['adapter_config.json', 'adapter_model.safetensors'] as const;

export interface Authorship {
  readonly record: BuildRecord;
  /** What signs the lineage. */
  readonly signer: Identity;
}

/** Writes the files of a build's result, with its signed lineage. */
export async function storeDerivative(
  target: OriginFolder,
  inputs: BuildInputs,
  result: BuildResult,
  { record, signer }: Authorship,
): Promise<void> {
  const lineage = await signLineage(record, familiesOf(inputs), signer);
  const files = { ...derivativeFolder(inputs, result, record), [lineageFile]: encodeLineage(lineage) };
  for (const [name, bytes] of Object.entries(files)) await target.write(name, bytes);
}

/** Copies the adapters of a build's stages, each with its signed lineage, and gives their number. Throws the errors of `readPeftValues`. */
export async function storeAdapters(
  from: OriginFolder,
  target: OriginFolder,
  inputs: BuildInputs,
  { record, signer }: Authorship,
): Promise<number> {
  let stored = 0;
  for (const [stage, { recipe }] of inputs.build.stages.entries()) {
    if (recipe.adapter === null || recipe.kind === 'reward') continue;
    const folder = from.folder(adapterFolder(stage));
    const [config, weights] = await Promise.all(peftFiles.map((name) => folder.read(name)));
    if (!config || !weights) continue;
    const adapter = openPeftAdapter(config, await openSafetensors(sourceOf(weights)));
    const values = await readPeftValues(adapter, adapterLayout(inputs.model.layout, adapter));
    const lineage = await signLineage(adapterRecord(record, stage, values), familiesOf(inputs), signer);
    const own = target.folder(adapterFolder(stage));
    await own.write(peftFiles[0], config);
    await own.write(peftFiles[1], weights);
    await own.write(lineageFile, encodeLineage(lineage));
    stored++;
  }
  return stored;
}

function familiesOf({ parentage }: BuildInputs) {
  return parentage.family === null ? [] : [parentage.family];
}
