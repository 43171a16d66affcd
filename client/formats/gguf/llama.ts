import { headSizeOf, ownHeadSize } from '../decoder/head-size.ts';
import { type RopeScaling, rotaryFrequency } from '../decoder/rope-scaling.ts';
import type { DecoderSizes } from '../llama-config.ts';
import { fileShapeOf, withoutPadding } from '../tensors/padding.ts';
import { fitsRows, readTensor, type StoredTensor, sizeOf } from '../tensors/stored-tensor.ts';
import type { FlatLayout } from '../tensors/weights.ts';
import { Metadata, unsupported } from './metadata.ts';
import { ggufName, isRotated, rowsInTransformers, transformersName } from './names.ts';
import type { GgufFile } from './reader.ts';
import type { GgufPair, GgufTensor } from './writer.ts';

/** How the matrices of an exported model are stored; norms are F32. */
export type GgufType = 'F32' | 'F16' | 'Q8_0';

/** `general.file_type` of llama.cpp. */
const fileTypes: Readonly<Record<GgufType, number>> = { F32: 0, F16: 1, Q8_0: 7 };

/** The key-value pairs that describe a LLaMA decoder. */
export function llamaPairs(sizes: DecoderSizes, type: GgufType, name: string): Record<string, GgufPair> {
  const whole = (value: number): GgufPair => ({ type: 'uint32', value });
  const headSize = headSizeOf(sizes);
  return {
    'general.architecture': { type: 'string', value: 'llama' },
    'general.type': { type: 'string', value: 'model' },
    'general.name': { type: 'string', value: name },
    'general.file_type': whole(fileTypes[type]),
    'general.quantization_version': whole(2),
    'llama.vocab_size': whole(sizes.vocabularySize),
    'llama.context_length': whole(sizes.contextLength),
    'llama.embedding_length': whole(sizes.dimension),
    'llama.block_count': whole(sizes.layers),
    'llama.feed_forward_length': whole(sizes.feedForward),
    'llama.attention.head_count': whole(sizes.heads),
    'llama.attention.head_count_kv': whole(sizes.keyValueHeads),
    'llama.attention.key_length': whole(headSize),
    'llama.attention.value_length': whole(headSize),
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: sizes.normEpsilon },
    'llama.rope.freq_base': { type: 'float32', value: sizes.ropeTheta },
    'llama.rope.dimension_count': whole(headSize),
  };
}

/** A model's tensors as GGUF has them: other names, rotated rows in llama.cpp's order, and RoPE's scaling as factors. */
export function llamaTensors(
  sizes: DecoderSizes,
  layout: FlatLayout,
  parameters: Float32Array,
  type: GgufType,
): GgufTensor[] {
  const headSize = headSizeOf(sizes);
  const tensors = layout.tensors.map((place): GgufTensor => {
    const { name, offset, size } = place;
    const shape = fileShapeOf(place);
    const written = ggufName(name);
    if (written === null) throw unsupported(`GGUF has no name for ${name}`);
    const isMatrix = shape.length > 1;
    const [rows = 0, width = 0] = shape;
    return {
      name: written,
      shape,
      type: isMatrix ? typeOfRows(type, width) : 'F32',
      values: () => {
        const values = withoutPadding(place, parameters.subarray(offset, offset + size));
        return isRotated(name) ? pickRows(values, rowsInTransformers(rows, headSize), width) : values;
      },
    };
  });
  const factors = ropeFactors(sizes);
  if (factors === null) return tensors;
  return [...tensors, { name: ropeFactorsName, shape: [factors.length], type: 'F32', values: () => factors }];
}

/** Rows that are no whole blocks stay F16, as llama.cpp's own quantisation leaves them. */
function typeOfRows(type: GgufType, width: number): GgufType {
  return fitsRows(type, width) ? type : 'F16';
}

/** Row i of the result is row `rows[i]` of the matrix. */
export function pickRows(
  matrix: Float32Array,
  rows: readonly number[],
  width: number,
): Float32Array<ArrayBuffer> {
  const picked = new Float32Array(matrix.length);
  rows.forEach((row, i) => {
    picked.set(matrix.subarray(row * width, (row + 1) * width), i * width);
  });
  return picked;
}

const ropeFactorsName = 'rope_freqs.weight';

/** By how much each pair of a head turns slower than without scaling; null without scaling. */
function ropeFactors(sizes: DecoderSizes): Float32Array | null {
  const { ropeTheta, ropeScaling } = sizes;
  if (ropeScaling === undefined) return null;
  const half = headSizeOf(sizes) / 2;
  return Float32Array.from(
    { length: half },
    (_, i) => rotaryFrequency({ ropeTheta }, i, half) / rotaryFrequency({ ropeTheta, ropeScaling }, i, half),
  );
}

/** The scalings of published models: GGUF holds only the factors that follow from them. */
const knownScalings: readonly RopeScaling[] = [8, 32].map((factor) => ({
  factor,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalContext: 8192,
}));

/** The sizes that a file describes. Throws `gguf.bad-file`, or `gguf.unsupported` for what would be computed differently. */
export async function parseLlamaSizes({ metadata, tensors }: GgufFile): Promise<DecoderSizes> {
  const pairs = new Metadata(metadata);
  const architecture = pairs.text('general.architecture');
  if (architecture !== 'llama') throw unsupported(`its architecture is ${JSON.stringify(architecture)}`);
  const within = (name: string, otherwise?: number) => pairs.number(`llama.${name}`, otherwise);
  const [dimension, heads] = [within('embedding_length'), within('attention.head_count')];
  const headSize = within('attention.key_length', dimension / heads);
  // llama.cpp's own defaults: values are as wide as by the sizes, and what RoPE turns is as wide as keys.
  for (const [name, usual] of [
    ['attention.value_length', dimension / heads],
    ['rope.dimension_count', headSize],
  ] as const)
    if (within(name, usual) !== headSize)
      throw unsupported(`llama.${name} is not llama.attention.key_length`);
  const scaling = pairs.text('llama.rope.scaling.type', 'none');
  if (scaling !== 'none') throw unsupported(`llama.rope.scaling.type is ${JSON.stringify(scaling)}`);
  if (within('expert_count', 0) !== 0) throw unsupported('llama.expert_count is not 0');
  const table = tensors.find(({ name }) => name === 'token_embd.weight');
  const sizes = {
    vocabularySize: table?.shape[0] ?? 0,
    layers: within('block_count'),
    dimension,
    heads,
    ...ownHeadSize({ dimension, heads, headSize }),
    keyValueHeads: within('attention.head_count_kv', heads),
    feedForward: within('feed_forward_length'),
    contextLength: within('context_length'),
    ropeTheta: within('rope.freq_base', 10_000),
    normEpsilon: within('attention.layer_norm_rms_epsilon'),
    tiedHead: !tensors.some(({ name }) => name === 'output.weight'),
  };
  const factors = tensors.find(({ name }) => name === ropeFactorsName);
  return factors === undefined ? sizes : { ...sizes, ropeScaling: await scalingOf(factors, sizes) };
}

/** The scaling with these factors. Throws `gguf.unsupported`. */
async function scalingOf(stored: StoredTensor, sizes: DecoderSizes): Promise<RopeScaling> {
  const factors = new Float32Array(Math.min(sizeOf(stored), 2 ** 16));
  await readTensor(stored, factors);
  const known = knownScalings.find((ropeScaling) => {
    const expected = ropeFactors({ ...sizes, ropeScaling });
    return (
      expected?.length === factors.length &&
      expected.every((factor, i) => Math.abs(factor / (factors[i] ?? 0) - 1) < 1e-4)
    );
  });
  if (known !== undefined) return known;
  throw unsupported('its factors of RoPE are not those of a known model');
}

/** The tensors under transformers' names, with their rows in transformers' order. Throws `gguf.unsupported`. */
export function tensorsOf({ tensors }: GgufFile, sizes: DecoderSizes): StoredTensor[] {
  return tensors
    .filter(({ name }) => name !== ropeFactorsName)
    .map((tensor) => {
      const name = transformersName(tensor.name);
      if (name === null) throw unsupported(`it has a tensor ${JSON.stringify(tensor.name.slice(0, 200))}`);
      const rows = tensor.shape[0] ?? 0;
      return isRotated(name)
        ? { ...tensor, name, rows: rowsInTransformers(rows, headSizeOf(sizes)) }
        : { ...tensor, name };
    });
}
