import type { ModelTokenizer } from '../../data/tokenizer.ts';
import { tokenizerFromFile } from '../../data/tokenizer-file.ts';
import { printable, TapestryError } from '../../errors.ts';
import { openGgufModel } from '../../formats/gguf/model.ts';
import { maxConfigBytes } from '../../formats/llama-config.ts';
import { readModelFolder } from '../../formats/model-folder.ts';
import type { ByteSource } from '../../formats/tensors/byte-source.ts';
import { openSafetensors, openShards, type StoredTensors } from '../../formats/tensors/safetensors-source.ts';
import { readWeights } from '../../formats/tensors/weights.ts';
import { parseTokenizerConfig } from '../../formats/tokenizer-config.ts';
import { maxTokenizerBytes } from '../../formats/tokenizer-json.ts';
import type { ModelConfig } from '../config.ts';
import { layoutOf, type ParameterLayout } from '../parameters.ts';

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

/** The files of a model's folder, on a disk or chosen in a page. */
export interface ModelFiles {
  /** Opens a file of at most `most` bytes; null if it is not there. Throws `model.unreadable`. */
  open(name: string, most: number): Promise<ByteSource | null>;
  /** The file's name as errors show it. */
  shown(name: string): string;
}

/**
 * Reads a folder with config.json, tokenizer.json, where it has one tokenizer_config.json, and weights: model.safetensors, or
 * several files with model.safetensors.index.json, or base.safetensors of older versions.
 * @throws TapestryError `model.missing`, `tokenizer.*`, or what `readModelFolder` and `files` throw
 */
export async function readFolderModel(files: ModelFiles): Promise<LoadedModel> {
  const configJson = await readFile(files, 'config.json', maxConfigBytes);
  const { config, parameters, metadata } = await readModelFolder(
    configJson,
    await openWeights(files),
    layoutOf,
  );
  const tokenizer = await readTokenizer(files, config.vocabularySize);
  return { config, layout: layoutOf(config), parameters, tokenizer, metadata };
}

/** Reads a GGUF file with its vocabulary. @throws TapestryError `gguf.*`, `tokenizer.*`, `model.bad-tensors` or `model.not-finite` */
export async function readGgufModel(source: ByteSource): Promise<LoadedModel> {
  const { sizes: config, vocabulary, tensors, metadata, name } = await openGgufModel(source);
  const layout = layoutOf(config);
  const parameters = await readWeights(tensors, layout, config.tiedHead);
  const { vocabularySize } = config;
  const tokenizer = tokenizerFromFile(vocabulary.file, { ...vocabulary, vocabularySize });
  return { config, layout, parameters, tokenizer, metadata, ...(name === undefined ? {} : { name }) };
}

/** Reads the tokenizer of a model's folder, with its special tokens and chat template. */
async function readTokenizer(files: ModelFiles, vocabularySize: number): Promise<ModelTokenizer> {
  const [file, tokenizerConfig, template] = await Promise.all([
    readFile(files, 'tokenizer.json', maxTokenizerBytes),
    readIfThere(files, 'tokenizer_config.json', maxTokenizerBytes),
    readIfThere(files, 'chat_template.jinja', maxConfigBytes),
  ]);
  const { names, chatTemplate } = parseTokenizerConfig(tokenizerConfig ?? new TextEncoder().encode('{}'));
  return tokenizerFromFile(file, {
    names,
    // Newer folders have the template in a file of its own, and it counts before that of the configuration.
    chatTemplate: template === null ? chatTemplate : new TextDecoder().decode(template),
    vocabularySize,
  });
}

async function openWeights(files: ModelFiles): Promise<StoredTensors> {
  const open = async (name: string) => (await files.open(name, maxWeightBytes)) ?? refuseMissing(files, name);
  const index = await readIfThere(files, 'model.safetensors.index.json', maxIndexBytes);
  if (index !== null) return openShards(index, open);
  const usual = await files.open('model.safetensors', maxWeightBytes);
  const older = usual === null ? await files.open('base.safetensors', maxWeightBytes) : null;
  return openSafetensors(usual ?? older ?? refuseMissing(files, 'model.safetensors'));
}

async function readIfThere(
  files: ModelFiles,
  name: string,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const source = await files.open(name, most);
  return source === null ? null : source.read(0, source.size);
}

async function readFile(files: ModelFiles, name: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  return (await readIfThere(files, name, most)) ?? refuseMissing(files, name);
}

export const modelAdvice =
  'Name a GGUF file, or a folder with config.json, model.safetensors and tokenizer.json, such as the base/ that `tapestry demo` leaves.';

function refuseMissing(files: ModelFiles, name: string): never {
  throw new TapestryError('model.missing', `${printable(files.shown(name))} is not there.`, modelAdvice);
}
