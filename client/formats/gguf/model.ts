import type { DecoderSizes } from '../llama-config.ts';
import type { ByteSource } from '../tensors/byte-source.ts';
import type { StoredTensor } from '../tensors/stored-tensor.ts';
import { type FlatLayout, refuseNotFinite } from '../tensors/weights.ts';
import type { TokenizerFacts } from '../tokenizer-config.ts';
import { type GgufType, llamaPairs, llamaTensors, parseLlamaSizes, tensorsOf } from './llama.ts';
import { Metadata } from './metadata.ts';
import { readGguf } from './reader.ts';
import { parseVocabulary, type Vocabulary, vocabularyPairs } from './vocabulary.ts';
import { encodeGguf, type GgufPair } from './writer.ts';

export interface GgufModelNotes {
  readonly name: string;
  readonly type: GgufType;
  /** More text to write, such as `tapestry.kind`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Encodes a model as a GGUF file, in parts. Throws `model.not-finite` or `gguf.unsupported`. */
export function encodeGgufModel(
  sizes: DecoderSizes,
  layout: FlatLayout,
  parameters: Float32Array<ArrayBuffer>,
  tokenizer: TokenizerFacts,
  { name, type, metadata }: GgufModelNotes,
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  for (const { name: tensor, offset, size } of layout.tensors)
    refuseNotFinite(tensor, parameters.subarray(offset, offset + size));
  const notes = Object.entries(metadata).map(([key, value]): [string, GgufPair] => [
    key,
    { type: 'string', value },
  ]);
  const pairs = {
    ...llamaPairs(sizes, type, name),
    ...vocabularyPairs(tokenizer, sizes.vocabularySize),
    ...Object.fromEntries(notes),
  };
  return encodeGguf(pairs, llamaTensors(sizes, layout, parameters, type));
}

export interface OpenedGguf {
  readonly name: string | undefined;
  readonly sizes: DecoderSizes;
  readonly vocabulary: Vocabulary;
  /** What the file says of Tapestry's: `tapestry.kind` and others. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Under transformers' names. */
  readonly tensors: readonly StoredTensor[];
}

/** Reads what a GGUF file says about its model; the tensors' values are not read. Throws `gguf.bad-file` or `.unsupported`. */
export async function openGgufModel(source: ByteSource): Promise<OpenedGguf> {
  const file = await readGguf(source);
  const pairs = new Metadata(file.metadata);
  const sizes = await parseLlamaSizes(file);
  return {
    name: pairs.has('general.name') ? pairs.text('general.name') : undefined,
    sizes,
    vocabulary: parseVocabulary(pairs),
    metadata: pairs.textsOf('tapestry.'),
    tensors: tensorsOf(file, sizes),
  };
}
