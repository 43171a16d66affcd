import { TapestryError } from '../errors.ts';
import { headSizeOf, queryWidthOf } from '../formats/decoder/head-size.ts';
import { fileSizeOf, type PaddedShape, spreadPadding } from '../formats/tensors/padding.ts';
import { Random } from '../random.ts';
import { sha256Hex } from '../sha256.ts';
import { type ModelConfig, paddedExtents } from './config.ts';

/** One tensor's place in the flat vector. Names follow the Hugging Face LLaMA convention; matrices are (out, in), so y = W x. */
export interface TensorPlace extends PaddedShape {
  readonly name: string;
  /** In elements; a multiple of `alignment`, and of `groupAlignment` unless it is bound together with the tensor before it. */
  readonly offset: number;
  /** With the padding inside the tensor. */
  readonly size: number;
  /** True if AdamW decays it: matrices, but not norm gains. */
  readonly decay: boolean;
}

/** Places a model's tensors in one contiguous f32 vector. Gaps between tensors, and padding in them, are zero and stay zero. */
export interface ParameterLayout {
  readonly tensors: readonly TensorPlace[];
  /** Length of the vector in elements, padding included; a multiple of `groupAlignment`. */
  readonly length: number;
  /** Number of values, padding excluded. */
  readonly trained: number;
  /** SHA-256, in hex, over every name, shape and offset. */
  readonly hash: string;
}

/** 64 elements are 256 bytes, WebGPU's alignment of storage binding offsets: each tensor can be bound in place. */
export const alignment = 64;

/** Tensors that are bound as one begin at a multiple of 256 bytes also in f16. */
export const groupAlignment = 128;

/** Tensors that are bound together with the tensor before: keys and values with queries, up with gate. */
const joined = /\.(k|v|up)_proj\./;

/** Element offsets, ascending, at which the flat vector may be split into buffers: never between tensors bound as one. */
export function cutsOf({ tensors }: ParameterLayout): number[] {
  return tensors.filter(({ name }) => !joined.test(name)).map(({ offset }) => offset);
}

/** True for the matrices of the layers. */
export function isProjection({ name }: TensorPlace): boolean {
  return /^model\.layers\.\d+\..*_proj\.weight$/.test(name);
}

/** The tensors of a layout, those that are bound as one together. */
export function boundTogether({ tensors }: ParameterLayout): TensorPlace[][] {
  const groups: TensorPlace[][] = [];
  for (const tensor of tensors) {
    if (joined.test(tensor.name)) groups.at(-1)?.push(tensor);
    else groups.push([tensor]);
  }
  return groups;
}

/** Names of the tensors outside the layers. */
export const embedding = 'model.embed_tokens.weight';
export const finalNorm = 'model.norm.weight';
const head = 'lm_head.weight';
/** The head of a model that scores. */
export const scoreHead = 'score.weight';
export const headOf = ({ tiedHead }: ModelConfig) => (tiedHead ? embedding : head);

const alignedTo = (step: number, value: number) => Math.ceil(value / step) * step;

export type NamedShape = Pick<TensorPlace, 'name' | 'shape' | 'fileShape'>;

/** Places tensors one after the other. */
export function layTensors(named: readonly NamedShape[]): ParameterLayout {
  const tensors: TensorPlace[] = [];
  let offset = 0;
  for (const { name, shape, fileShape } of named) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (!joined.test(name)) offset = alignedTo(groupAlignment, offset);
    const inFiles = fileShape === undefined ? {} : { fileShape };
    tensors.push({ name, shape, ...inFiles, offset, size, decay: shape.length > 1 });
    offset += alignedTo(alignment, size);
  }
  const described = tensors.map((t) => `${t.name} ${t.shape.join('x')} ${t.offset}`).join('\n');
  return {
    tensors,
    length: alignedTo(groupAlignment, offset),
    trained: tensors.reduce((sum, tensor) => sum + fileSizeOf(tensor), 0),
    hash: sha256Hex(described),
  };
}

/** The layout of a configuration. The run's manifest has its hash, so that builds with different layouts cannot mix deltas. */
export function layoutOf(config: ModelConfig): ParameterLayout {
  const named: NamedShape[] = [];
  const place = (name: string, ...shape: number[]) => named.push({ name, shape });
  const placePadded = (name: string, shape: readonly number[], fileShape: readonly number[]) =>
    named.push(shape.join() === fileShape.join() ? { name, shape } : { name, shape, fileShape });
  const { dimension, vocabularySize } = config;
  const padded = paddedExtents(config);
  const placeTable = (name: string) =>
    placePadded(name, [padded.vocabulary, dimension], [vocabularySize, dimension]);
  const queryWidth = queryWidthOf(config);
  const keyValueWidth = headSizeOf(config) * config.keyValueHeads;
  placeTable(embedding);
  for (let layer = 0; layer < config.layers; layer++) {
    const within = `model.layers.${layer}.`;
    place(`${within}input_layernorm.weight`, dimension);
    place(`${within}self_attn.q_proj.weight`, queryWidth, dimension);
    place(`${within}self_attn.k_proj.weight`, keyValueWidth, dimension);
    place(`${within}self_attn.v_proj.weight`, keyValueWidth, dimension);
    place(`${within}self_attn.o_proj.weight`, dimension, queryWidth);
    place(`${within}post_attention_layernorm.weight`, dimension);
    const [units, ownUnits] = [padded.feedForward, config.feedForward];
    for (const name of ['gate', 'up'])
      placePadded(`${within}mlp.${name}_proj.weight`, [units, dimension], [ownUnits, dimension]);
    placePadded(`${within}mlp.down_proj.weight`, [dimension, units], [dimension, ownUnits]);
  }
  place(finalNorm, dimension);
  if (config.scores) place(scoreHead, 1, dimension);
  else if (!config.tiedHead) placeTable(head);
  return layTensors(named);
}

/** Which tensors of a model are trained; the others are frozen. */
export type IsTrained = (tensor: TensorPlace) => boolean;

/** The trained and the frozen tensors of a model, each in its own layout. */
export interface PartedLayout {
  /** The model's own layout if all of it is trained and nothing besides. */
  readonly trained: ParameterLayout;
  readonly frozen: ParameterLayout;
}

/**
 * Splits a model's layout; `added` tensors are trained besides. Throws TapestryError `config.trained` if no tensor is trained,
 * or only some of the tensors that kernels read as one matrix.
 */
export function partLayout(
  layout: ParameterLayout,
  isTrained: IsTrained = () => true,
  added: readonly NamedShape[] = [],
): PartedLayout {
  const chosen = layout.tensors.map((tensor) => isTrained(tensor));
  if (added.length === 0 && !chosen.includes(true)) throw notTrainable('no tensor of the model is trained');
  layout.tensors.forEach(({ name }, i) => {
    if (joined.test(name) && chosen[i] !== chosen[i - 1])
      throw notTrainable(
        `${layout.tensors[i - 1]?.name} and ${name} are one matrix, and only one is trained`,
      );
  });
  const frozen = layTensors(layout.tensors.filter((_, i) => !chosen[i]));
  if (frozen.tensors.length === 0 && added.length === 0) return { trained: layout, frozen };
  return { trained: layTensors([...layout.tensors.filter((_, i) => chosen[i]), ...added]), frozen };
}

function notTrainable(reason: string): TapestryError {
  return new TapestryError(
    'config.trained',
    `Training cannot start: ${reason}.`,
    'Train at least one tensor; train queries, keys and values together, and gate and up together.',
  );
}

/** Copies each tensor of `to` from a vector with the layout `from`, which must have all of them. */
export function copyTensors(
  values: Float32Array,
  from: ParameterLayout,
  to: ParameterLayout,
): Float32Array<ArrayBuffer> {
  const copied = new Float32Array(to.length);
  const places = new Map(from.tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, offset, size } of to.tensors) {
    const place = places.get(name);
    if (place?.size !== size) throw new RangeError(`the layout has no tensor ${name} of ${size} values`);
    copied.set(values.subarray(place.offset, place.offset + size), offset);
  }
  return copied;
}

/**
 * Initial parameters: norm gains 1, matrices normal with deviation 0.02, projections into the residual stream scaled by
 * 1 / sqrt(2 layers) (GPT-2, Radford et al. 2019). The same seed gives the same bits on every JavaScript engine.
 */
export function initialParameters(
  config: ModelConfig,
  layout: ParameterLayout,
  seed: number,
): Float32Array<ArrayBuffer> {
  const parameters = new Float32Array(layout.length);
  const residual = 0.02 / Math.sqrt(2 * config.layers);
  layout.tensors.forEach((tensor, index) => {
    const values = parameters.subarray(tensor.offset, tensor.offset + tensor.size);
    if (!tensor.decay) {
      values.fill(1);
      return;
    }
    const random = Random.seeded(seed, index);
    const deviation = /(o_proj|down_proj)/.test(tensor.name) ? residual : 0.02;
    const size = fileSizeOf(tensor);
    for (let i = 0; i < size; i++) values[i] = deviation * random.normal();
    spreadPadding(tensor, values);
  });
  return parameters;
}
