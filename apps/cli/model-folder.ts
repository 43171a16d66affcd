import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { TapestryError } from '../../client/errors.ts';
import type { ModelCardFacts } from '../../client/formats/model-card.ts';
import { encodeModelFolder, parseModelFolder } from '../../client/formats/model-folder.ts';
import type { ModelConfig } from '../../client/model/config.ts';
import { layoutOf, type ParameterLayout } from '../../client/model/parameters.ts';

/** A model as it is computed with. */
export interface Model {
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly parameters: Float32Array<ArrayBuffer>;
}

/** Reads a folder with config.json and base.safetensors. Throws `model.missing`, or what `parseModelFolder` throws. */
export async function loadModel(folder: string): Promise<Model> {
  const [config, tensors] = await Promise.all([
    readModelFile(folder, 'config.json'),
    readModelFile(folder, 'base.safetensors'),
  ]);
  const model = parseModelFolder(config, tensors, layoutOf);
  return { config: model.config, layout: layoutOf(model.config), parameters: model.parameters };
}

async function readModelFile(folder: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(join(folder, name)));
  } catch (cause) {
    throw new TapestryError(
      'model.missing',
      `${join(folder, name)} cannot be read.`,
      'Name a folder with config.json and base.safetensors, such as the base/ that `tapestry demo` leaves.',
      { cause },
    );
  }
}

/** Writes a base as a model folder: whole beside it first, then in its place. */
export async function saveModel(folder: string, model: Model, facts: ModelCardFacts): Promise<void> {
  const files = encodeModelFolder(model.config, model.layout, model.parameters, byteTokenizer, facts);
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(partial, name), bytes);
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await rename(partial, folder);
}
