import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { printable, TapestryError } from '../../../client/errors.ts';
import type { LowRankMatrix } from '../../../client/formats/gguf/adapter.ts';
import {
  encodePeftAdapter,
  openPeftAdapter,
  type PeftFolder,
  readPeftValues,
} from '../../../client/formats/peft/adapter.ts';
import { maxPeftConfigBytes, type PeftSettings } from '../../../client/formats/peft/settings.ts';
import { openSafetensors } from '../../../client/formats/tensors/safetensors-source.ts';
import { NotRead, openRegularFile, readRegularFile } from '../../../client/host/regular-file.ts';
import {
  fileValuesOf,
  type ModelAdapter,
  modelAdapter,
} from '../../../client/model/adapter/model-adapter.ts';
import { adapterLayout, adapterNames } from '../../../client/model/adapter/settings.ts';
import { maxWeightBytes } from '../../../client/model/files/read-model.ts';
import type { ParameterLayout } from '../../../client/model/parameters.ts';
import { nodeFiles, writeDurably } from '../../../relay/storage/files.ts';

export interface LoadedAdapter {
  readonly settings: PeftSettings;
  readonly adapter: ModelAdapter;
  readonly baseModel: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

const [configName, weightsName] = ['adapter_config.json', 'adapter_model.safetensors'] as const;

/**
 * Reads a folder of PEFT as an adapter of a model.
 * @throws TapestryError `adapter.unreadable`, `adapter.settings`, `peft.*`, `safetensors.*` or `model.not-finite`
 */
export async function loadAdapter(folder: string, model: ParameterLayout): Promise<LoadedAdapter> {
  const opening = openRegularFile(join(folder, weightsName), maxWeightBytes);
  const file = await opening.catch((error: unknown) => {
    throw unreadable(join(folder, weightsName), error);
  });
  try {
    const config = await readRegularFile(join(folder, configName), maxPeftConfigBytes).catch(
      (error: unknown) => {
        throw unreadable(join(folder, configName), error);
      },
    );
    const opened = openPeftAdapter(config, await openSafetensors(file));
    const { baseModel, metadata, tensors: _tensors, ...settings } = opened;
    const values = await readPeftValues(opened, adapterLayout(model, settings));
    return { settings, adapter: modelAdapter(model, settings, values), baseModel, metadata };
  } finally {
    await file.close();
  }
}

/** Writes an adapter as a folder of PEFT. `baseModel` is the name or hash of its model. */
export async function saveAdapter(
  folder: string,
  settings: PeftSettings,
  { layout, values }: ModelAdapter,
  notes: { readonly baseModel: string; readonly metadata: Readonly<Record<string, string>> },
): Promise<void> {
  await writeAdapterFolder(folder, encodePeftAdapter(settings, layout, values, notes));
}

/** Writes an adapter's files; the weights come last, so that a folder with weights is whole. */
export async function writeAdapterFolder(folder: string, files: PeftFolder): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of [configName, weightsName]) await writeDurably(nodeFiles, folder, name, files[name]);
}

/** The adapter's matrices as values. */
export function lowRankMatrices(adapter: ModelAdapter): LowRankMatrix[] {
  return adapter.matrices.map((matrix) => {
    const names = adapterNames(matrix.name);
    const [outputs = 0, inputs = 0] = matrix.fileShape ?? [matrix.outputs, matrix.inputs];
    return {
      ...matrix,
      outputs,
      inputs,
      a: fileValuesOf(adapter, names.a),
      b: fileValuesOf(adapter, names.b),
    };
  });
}

function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof NotRead)) return error;
  return new TapestryError(
    'adapter.unreadable',
    `${printable(path)} is no regular file that can be read.`,
    `Name a folder with ${configName} and ${weightsName}, as PEFT writes it.`,
    { cause: error },
  );
}
