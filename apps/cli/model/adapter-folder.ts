import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { printable, TapestryError } from '../../../client/errors.ts';
import { headSizeOf } from '../../../client/formats/decoder/head-size.ts';
import type { LowRankMatrix } from '../../../client/formats/gguf/adapter.ts';
import { openGgufAdapter } from '../../../client/formats/gguf/read-adapter.ts';
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
import { type Model, maxWeightBytes } from '../../../client/model/files/read-model.ts';
import { nodeFiles, writeDurably } from '../../../relay/storage/files.ts';

export interface LoadedAdapter {
  readonly settings: PeftSettings;
  readonly adapter: ModelAdapter;
  readonly baseModel: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

const [configName, weightsName] = ['adapter_config.json', 'adapter_model.safetensors'] as const;

/** The model that an adapter is of. */
export type AdaptedModel = Pick<Model, 'config' | 'layout'>;

/**
 * Reads an adapter of a model: a folder of PEFT, or a GGUF file.
 * @throws TapestryError `adapter.unreadable`, `adapter.settings`, `peft.*`, `gguf.*`, `safetensors.*` or `model.not-finite`
 */
export async function loadAdapter(path: string, { config, layout }: AdaptedModel): Promise<LoadedAdapter> {
  const isGguf = path.endsWith('.gguf');
  const weights = isGguf ? path : join(path, weightsName);
  const file = await openRegularFile(weights, maxWeightBytes).catch((error: unknown) => {
    throw unreadable(weights, error);
  });
  try {
    const opened = isGguf
      ? await openGgufAdapter(file, headSizeOf(config))
      : openPeftAdapter(await readConfig(path), await openSafetensors(file));
    const { baseModel, metadata, tensors: _tensors, ...settings } = opened;
    const values = await readPeftValues(opened, adapterLayout(layout, settings));
    return { settings, adapter: modelAdapter(layout, settings, values), baseModel, metadata };
  } finally {
    await file.close();
  }
}

function readConfig(folder: string): Promise<Uint8Array> {
  return readRegularFile(join(folder, configName), maxPeftConfigBytes).catch((error: unknown) => {
    throw unreadable(join(folder, configName), error);
  });
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
    `Name a folder with ${configName} and ${weightsName}, as PEFT writes it, or a GGUF file.`,
    { cause: error },
  );
}
