import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { TapestryError } from '../errors.ts';
import {
  type DecoderSizes,
  encodeLlamaConfig,
  parseLlamaConfig,
  type SpecialTokens,
} from './llama-config.ts';
import { type ModelCardFacts, modelCard } from './model-card.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from './safetensors.ts';

/** How tensors lie in the flat parameter vector; what is between them is zero. */
export interface FlatLayout {
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    /** In elements. */
    readonly offset: number;
    readonly size: number;
  }[];
  readonly length: number;
}

/** The files of a folder that holds a model, by name. */
export interface ModelFolder {
  readonly 'base.safetensors': Uint8Array<ArrayBuffer>;
  readonly 'config.json': Uint8Array<ArrayBuffer>;
  readonly 'README.md': Uint8Array<ArrayBuffer>;
}

export interface ParsedModel {
  readonly config: DecoderSizes;
  readonly parameters: Float32Array<ArrayBuffer>;
  /** Whatever does not say that it is a base is a derivative: it generates, but nothing may train a run from it. */
  readonly kind: 'base' | 'derivative';
  readonly metadata: Readonly<Record<string, string>>;
}

/** Writes a base as a folder that transformers' LLaMA reads too. Throws `model.not-finite`. */
export function encodeModelFolder(
  config: DecoderSizes,
  layout: FlatLayout,
  parameters: Float32Array<ArrayBuffer>,
  specialTokens: SpecialTokens,
  facts: ModelCardFacts,
): ModelFolder {
  const base = hashOf(parameters);
  const tensors = layout.tensors.map(({ name, shape, offset, size }) => {
    const values = parameters.subarray(offset, offset + size);
    refuseNotFinite(name, values);
    return { name, shape, values };
  });
  return {
    'base.safetensors': encodeSafetensors(tensors, {
      format: 'pt', // transformers opens no file without it; the tensors are PyTorch's names and shapes
      'tapestry.kind': 'base',
      'tapestry.run': facts.run,
      'tapestry.round': String(facts.round),
      'tapestry.base': base,
    }),
    'config.json': encodeLlamaConfig(config, specialTokens),
    'README.md': new TextEncoder().encode(modelCard(config, specialTokens, base, facts)),
  };
}

/**
 * Reads a model back into the flat vector of `layoutOf(config)`. The tensors must be the layout's, all finite; the values of a
 * base must have the hash it names. Throws `model.bad-config`, `model.bad-tensors`, `model.not-finite`,
 * `model.bad-kind`, `model.wrong-hash` or `safetensors.*`.
 */
export function parseModelFolder(
  configJson: Uint8Array,
  safetensors: Uint8Array<ArrayBuffer>,
  layoutOf: (config: DecoderSizes) => FlatLayout,
): ParsedModel {
  const config = parseLlamaConfig(configJson);
  const file = decodeSafetensors(safetensors);
  const kind = kindOf(file.metadata);
  const layout = layoutOf(config);
  checkTensors(file, layout); // before the vector is made: its size then follows from the file's, not from a claim
  const parameters = new Float32Array(layout.length);
  for (const { name, offset } of layout.tensors) {
    const values = file.tensors.get(name)?.values ?? new Float32Array(0);
    refuseNotFinite(name, values);
    parameters.set(values, offset);
  }
  if (kind === 'base' && hashOf(parameters) !== file.metadata['tapestry.base']) {
    throw new TapestryError(
      'model.wrong-hash',
      'The base does not have the hash that it names: a value was changed.',
      'Get the folder again, or verify the run that it came from.',
    );
  }
  return { config, parameters, kind, metadata: file.metadata };
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

function checkTensors(file: SafetensorsFile, layout: FlatLayout): void {
  const refuse = (message: string) =>
    new TapestryError(
      'model.bad-tensors',
      message,
      'Use the config.json and base.safetensors of one and the same model.',
    );
  for (const { name, shape } of layout.tensors) {
    const found = file.tensors.get(name);
    if (found === undefined) throw refuse(`The tensor ${name} is missing.`);
    if (found.shape.join() !== shape.join()) {
      throw refuse(
        `The tensor ${name} has the shape [${found.shape.join(', ')}] where [${shape.join(', ')}] is due.`,
      );
    }
  }
  if (file.tensors.size !== layout.tensors.length) {
    const known = new Set(layout.tensors.map(({ name }) => name));
    const extra = [...file.tensors.keys()].find((name) => !known.has(name));
    throw refuse(`The tensor ${extra} is not part of the model that config.json describes.`);
  }
}

function refuseNotFinite(name: string, values: Float32Array): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw new TapestryError(
    'model.not-finite',
    `The tensor ${name} holds ${values[index]} at ${index}.`,
    'Use an earlier base, and verify the run that this one came from.',
  );
}

/** SHA-256 of the vector as little-endian f32: a base's name. */
function hashOf(parameters: Float32Array<ArrayBuffer>): string {
  return bytesToHex(sha256(new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength)));
}
