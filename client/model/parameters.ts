import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { Random } from '../random.ts';
import type { ModelConfig } from './config.ts';

/** One tensor's place in the flat vector. Names follow the Hugging Face LLaMA convention. */
export interface TensorPlace {
  readonly name: string;
  /** Row-major; matrices are (out, in), so y = W x. */
  readonly shape: readonly number[];
  /** In elements; a multiple of `alignment`, of `groupAlignment` where no other tensor is bound before it. */
  readonly offset: number;
  readonly size: number;
  /** Whether AdamW decays it: matrices yes, norm gains no. */
  readonly decay: boolean;
}

/** How a model lies in one contiguous f32 vector. The gaps between tensors are zero and stay zero. */
export interface ParameterLayout {
  readonly tensors: readonly TensorPlace[];
  /** Length of the vector in elements, padding included; a multiple of `groupAlignment`. */
  readonly length: number;
  /** Number of trained values, padding excluded. */
  readonly trained: number;
  /** SHA-256, in hex, over every name, shape and offset. */
  readonly hash: string;
}

/** 64 elements are 256 bytes: WebGPU's storage binding offset alignment, so a tensor can be bound where it lies. */
export const alignment = 64;

/** What is bound as one begins at 256 bytes in half precision, too. */
export const groupAlignment = 128;

/** Tensors that are bound together with the one before: keys and values with queries, up with gate. */
const joined = /\.(k|v|up)_proj\./;

/** Where the flat vector may be cut into buffers, in elements, ascending: not between what is bound as one. */
export function cutsOf({ tensors }: ParameterLayout): number[] {
  return tensors.filter(({ name }) => !joined.test(name)).map(({ offset }) => offset);
}

/** Names of the tensors outside the layers. */
export const embedding = 'model.embed_tokens.weight';
export const finalNorm = 'model.norm.weight';
const head = 'lm_head.weight';
export const headOf = ({ tiedHead }: ModelConfig) => (tiedHead ? embedding : head);

const alignedTo = (step: number, value: number) => Math.ceil(value / step) * step;

/** The layout that a configuration has. Its hash is in the run's manifest: two builds that differ cannot mix deltas. */
export function layoutOf(config: ModelConfig): ParameterLayout {
  const tensors: TensorPlace[] = [];
  let offset = 0;
  const place = (name: string, ...shape: number[]) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (!joined.test(name)) offset = alignedTo(groupAlignment, offset);
    tensors.push({ name, shape, offset, size, decay: shape.length > 1 });
    offset += alignedTo(alignment, size);
  };
  const { dimension, feedForward, vocabularySize } = config;
  const keyValueWidth = (dimension / config.heads) * config.keyValueHeads;
  place(embedding, vocabularySize, dimension);
  for (let layer = 0; layer < config.layers; layer++) {
    const within = `model.layers.${layer}.`;
    place(`${within}input_layernorm.weight`, dimension);
    place(`${within}self_attn.q_proj.weight`, dimension, dimension);
    place(`${within}self_attn.k_proj.weight`, keyValueWidth, dimension);
    place(`${within}self_attn.v_proj.weight`, keyValueWidth, dimension);
    place(`${within}self_attn.o_proj.weight`, dimension, dimension);
    place(`${within}post_attention_layernorm.weight`, dimension);
    place(`${within}mlp.gate_proj.weight`, feedForward, dimension);
    place(`${within}mlp.up_proj.weight`, feedForward, dimension);
    place(`${within}mlp.down_proj.weight`, dimension, feedForward);
  }
  place(finalNorm, dimension);
  if (!config.tiedHead) place(head, vocabularySize, dimension);
  const described = tensors.map((t) => `${t.name} ${t.shape.join('x')} ${t.offset}`).join('\n');
  return {
    tensors,
    length: alignedTo(groupAlignment, offset),
    trained: tensors.reduce((sum, tensor) => sum + tensor.size, 0),
    hash: bytesToHex(sha256(utf8ToBytes(described))),
  };
}

/**
 * Fresh parameters: norm gains 1, matrices normal with deviation 0.02, projections into the residual stream scaled
 * by 1 / sqrt(2 layers) (GPT-2, Radford et al. 2019). Same seed, same bits, on every engine.
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
    for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal();
  });
  return parameters;
}
