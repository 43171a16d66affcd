import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ModelTokenizer } from '../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { openGgufModel } from '../../../client/formats/gguf/model.ts';
import { maxConfigBytes } from '../../../client/formats/llama-config.ts';
import { readModelFolder } from '../../../client/formats/model-folder.ts';
import {
  openSafetensors,
  openShards,
  type StoredTensors,
} from '../../../client/formats/tensors/safetensors-source.ts';
import { readWeights } from '../../../client/formats/tensors/weights.ts';
import { parseTokenizerConfig } from '../../../client/formats/tokenizer-config.ts';
import { maxTokenizerBytes } from '../../../client/formats/tokenizer-json.ts';
import {
  NotRead,
  type OpenFile,
  openRegularFile,
  readRegularFile,
} from '../../../client/host/regular-file.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { layoutOf, type ParameterLayout } from '../../../client/model/parameters.ts';

/** A model that can be computed with, and the tokenizer it was trained with. */
export interface Model {
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly tokenizer: ModelTokenizer;
}

/** A model as a file or folder holds it. */
export interface LoadedModel extends Model {
  /** What the weights' file says about itself: `tapestry.kind`, `tapestry.base` and others. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The name that the file gives the model. */
  readonly name?: string;
}

/** In bytes. */
export const maxWeightBytes = 2 ** 34;
const maxIndexBytes = 2 ** 24;

/**
 * Reads a model: a GGUF file, or a folder.
 * @throws TapestryError as `loadFolder` and `loadGguf`
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  return path.endsWith('.gguf') ? loadGguf(path) : loadFolder(path);
}

/**
 * Reads a folder with config.json, tokenizer.json, where it has one tokenizer_config.json, and weights: model.safetensors, or
 * several files with model.safetensors.index.json, or base.safetensors of older versions.
 * @throws TapestryError `model.missing`, `model.unreadable`, `tokenizer.*`, or what `readModelFolder` throws
 */
async function loadFolder(folder: string): Promise<LoadedModel> {
  const configJson = await read(folder, 'config.json', maxConfigBytes);
  const { config, parameters, metadata } = await withWeights(folder, (stored) =>
    readModelFolder(configJson, stored, layoutOf),
  );
  const tokenizer = await loadTokenizer(folder, config.vocabularySize);
  return { config, layout: layoutOf(config), parameters, tokenizer, metadata };
}

/**
 * Reads a GGUF file with its vocabulary.
 * @throws TapestryError `gguf.*`, `tokenizer.*`, `model.missing`, `model.unreadable`, `model.bad-tensors` or `model.not-finite`
 */
async function loadGguf(path: string): Promise<LoadedModel> {
  const [folder, file] = [dirname(path), basename(path)];
  const source = await openRegularFile(path, maxWeightBytes).catch((error: unknown) => {
    throw problemOf(folder, file, maxWeightBytes, error);
  });
  try {
    const { sizes: config, vocabulary, tensors, metadata, name } = await openGgufModel(source);
    const layout = layoutOf(config);
    const parameters = await readWeights(tensors, layout, config.tiedHead);
    const { vocabularySize } = config;
    const tokenizer = tokenizerFromFile(vocabulary.file, { ...vocabulary, vocabularySize });
    return { config, layout, parameters, tokenizer, metadata, ...(name === undefined ? {} : { name }) };
  } finally {
    await source.close();
  }
}

/** Reads the tokenizer of a model's folder, with its special tokens and chat template. */
async function loadTokenizer(folder: string, vocabularySize: number): Promise<ModelTokenizer> {
  const [file, tokenizerConfig, template] = await Promise.all([
    read(folder, 'tokenizer.json', maxTokenizerBytes),
    readIfThere(folder, 'tokenizer_config.json', maxTokenizerBytes),
    readIfThere(folder, 'chat_template.jinja', maxConfigBytes),
  ]);
  const { names, chatTemplate } = parseTokenizerConfig(tokenizerConfig ?? new TextEncoder().encode('{}'));
  return tokenizerFromFile(file, {
    names,
    // Newer folders have the template in a file of its own, and it counts before that of the configuration.
    chatTemplate: template === null ? chatTemplate : new TextDecoder().decode(template),
    vocabularySize,
  });
}

/** Calls `use` with the tensors of a folder's weights, whose files are open until it has ended. */
async function withWeights<T>(folder: string, use: (stored: StoredTensors) => Promise<T>): Promise<T> {
  const opened: OpenFile[] = [];
  const open = async (name: string) => {
    try {
      const file = await openRegularFile(join(folder, name), maxWeightBytes);
      opened.push(file);
      return file;
    } catch (error) {
      throw problemOf(folder, name, maxWeightBytes, error);
    }
  };
  try {
    const index = await readIfThere(folder, 'model.safetensors.index.json', maxIndexBytes);
    const stored =
      index === null ? openSafetensors(await open(await weightsName(folder))) : openShards(index, open);
    return await use(await stored);
  } finally {
    for (const file of opened) await file.close();
  }
}

async function weightsName(folder: string): Promise<string> {
  const [usual, older] = ['model.safetensors', 'base.safetensors'] as const;
  const isThere = async (name: string) => (await lstat(join(folder, name)).catch(() => null)) !== null;
  return !(await isThere(usual)) && (await isThere(older)) ? older : usual;
}

async function readIfThere(folder: string, name: string, most: number): Promise<Uint8Array | null> {
  try {
    return await readRegularFile(join(folder, name), most);
  } catch (error) {
    if (error instanceof NotRead && error.reason === 'missing') return null;
    throw problemOf(folder, name, most, error);
  }
}

async function read(folder: string, name: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readRegularFile(join(folder, name), most);
  } catch (error) {
    throw problemOf(folder, name, most, error);
  }
}

function problemOf(folder: string, name: string, most: number, error: unknown): unknown {
  if (!(error instanceof NotRead)) return error;
  const path = printable(join(folder, name));
  const code = error.reason === 'missing' ? 'model.missing' : 'model.unreadable';
  const what = {
    missing: 'is not there',
    unreadable: 'cannot be read',
    'not-a-file': 'is no regular file',
    'too-large': `has more than ${most} bytes`,
  }[error.reason];
  const next =
    'Name a GGUF file, or a folder with config.json, model.safetensors and tokenizer.json, such as the base/ that `tapestry demo` leaves.';
  return new TapestryError(code, `${path} ${what}.`, next, { cause: error.cause });
}
