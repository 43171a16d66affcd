import { TapestryError } from '../errors.ts';
import { sha256Hex } from '../sha256.ts';
import { encodeGenerationConfig } from './generation-config.ts';
import { type DecoderSizes, encodeLlamaConfig, parseLlamaConfig } from './llama-config.ts';
import { type ModelCardFacts, modelCard } from './model-card.ts';
import { modelfile } from './modelfile.ts';
import { encodeSafetensors, type FloatType } from './safetensors.ts';
import { fileShapeOf, withoutPadding } from './tensors/padding.ts';
import type { StoredTensors } from './tensors/safetensors-source.ts';
import { type FlatLayout, readWeights, refuseNotFinite } from './tensors/weights.ts';
import { encodeTokenizerConfig, type TokenizerFacts } from './tokenizer-config.ts';

/** The names of a model's files, in the order in which they are written. */
export const modelFileNames = [
  'model.safetensors',
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'Modelfile',
  'README.md',
] as const;

type ModelFileName = (typeof modelFileNames)[number];
/** Files that say how a model writes text. A reward model writes none. */
type WritingFileName = 'generation_config.json' | 'Modelfile';

/** The files of a model's folder, by name. */
export type ModelFolder = Readonly<
  Record<Exclude<ModelFileName, WritingFileName>, Uint8Array<ArrayBuffer>> &
    Partial<Record<WritingFileName, Uint8Array<ArrayBuffer>>>
>;

/** The files that a model's folder has, in the order of `modelFileNames`. */
export function filesOf(folder: ModelFolder): [ModelFileName, Uint8Array<ArrayBuffer>][] {
  return modelFileNames.flatMap((name): [ModelFileName, Uint8Array<ArrayBuffer>][] => {
    const bytes = folder[name];
    return bytes === undefined ? [] : [[name, bytes]];
  });
}

/** What a model's folder says about it besides its weights. */
export interface ModelNotes {
  /** Metadata of the weights' file. `tapestry.kind` is `base` only for a base of a run. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The model card: Markdown. */
  readonly card: string;
  /** How the weights are written; F32 unless given. A base is F32, so that its hash can be checked. */
  readonly type?: FloatType;
}

export interface ParsedModel {
  readonly config: DecoderSizes;
  readonly parameters: Float32Array<ArrayBuffer>;
  /** A model without a kind in its metadata is a derivative: it can generate text, but no run trains from it. */
  readonly kind: 'base' | 'derivative';
  readonly metadata: Readonly<Record<string, string>>;
}

/** Encodes a base as a folder that LlamaForCausalLM of transformers can also read. Throws `model.not-finite`. */
export function encodeBaseFolder(
  config: DecoderSizes,
  layout: FlatLayout,
  parameters: Float32Array<ArrayBuffer>,
  tokenizer: TokenizerFacts,
  facts: ModelCardFacts,
): ModelFolder {
  const base = parametersHash(parameters);
  return encodeModelFolder(config, layout, parameters, tokenizer, {
    metadata: {
      'tapestry.kind': 'base',
      'tapestry.run': facts.run,
      'tapestry.round': String(facts.round),
      'tapestry.base': base,
    },
    card: modelCard(config, tokenizer, base, facts),
  });
}

/** Encodes a model as the files that transformers, MLX-LM, llama.cpp's converter and Ollama read. Throws `model.not-finite`. */
export function encodeModelFolder(
  config: DecoderSizes,
  layout: FlatLayout,
  parameters: Float32Array<ArrayBuffer>,
  tokenizer: TokenizerFacts,
  { metadata, card, type = 'F32' }: ModelNotes,
): ModelFolder {
  const tensors = layout.tensors.map((place) => {
    const { name, offset, size } = place;
    const values = withoutPadding(place, parameters.subarray(offset, offset + size));
    refuseNotFinite(name, values);
    return { name, shape: fileShapeOf(place), values };
  });
  // transformers requires the format; the tensors have PyTorch's names and shapes.
  const weights = encodeSafetensors(tensors, { format: 'pt', ...metadata }, type);
  const text = new TextEncoder();
  return {
    'model.safetensors': weights,
    'config.json': encodeLlamaConfig(config, tokenizer, type),
    'tokenizer.json': tokenizer.file,
    'tokenizer_config.json': encodeTokenizerConfig(tokenizer, config.contextLength),
    'README.md': text.encode(card),
    ...(!config.scores && {
      'generation_config.json': encodeGenerationConfig(tokenizer),
      Modelfile: text.encode(modelfile(tokenizer, config.contextLength)),
    }),
  };
}

/**
 * Reads the tensors of a model into the flat vector of `layoutOf(config)`. They must match the layout and be finite, and a
 * base's values must have the hash in its metadata. Throws `model.bad-config`, `model.bad-tensors`, `model.not-finite`,
 * `model.bad-kind` or `model.wrong-hash`.
 */
export async function readModelFolder(
  configJson: Uint8Array,
  stored: StoredTensors,
  layoutOf: (config: DecoderSizes) => FlatLayout,
): Promise<ParsedModel> {
  const config = parseLlamaConfig(configJson);
  const kind = kindOf(stored.metadata);
  const parameters = await readWeights(stored.tensors, layoutOf(config), config.tiedHead);
  if (kind === 'base' && parametersHash(parameters) !== stored.metadata['tapestry.base']) {
    throw new TapestryError(
      'model.wrong-hash',
      'The base does not have the hash in its metadata: a value was changed.',
      'Get the folder again, or verify the run that it came from.',
    );
  }
  return { config, parameters, kind, metadata: stored.metadata };
}

function kindOf(metadata: Readonly<Record<string, string>>): 'base' | 'derivative' {
  const kind = metadata['tapestry.kind'] ?? 'derivative';
  if (kind === 'base' || kind === 'derivative') return kind;
  throw new TapestryError(
    'model.bad-kind',
    `The file says that it is a ${JSON.stringify(kind)}; a model is a base or a derivative.`,
    'Update Tapestry, or get the file again.',
  );
}

/** SHA-256 of the vector as little-endian f32, which is a base's name. */
export function parametersHash(parameters: Float32Array<ArrayBuffer>): string {
  return sha256Hex(new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength));
}
