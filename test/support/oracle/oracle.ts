import type { ModelConfig } from '../../../client/model/config.ts';
import { layoutOf, type ParameterLayout } from '../../../client/model/parameters.ts';
import inputs from './inputs.json' with { type: 'json' };

/**
 * The JSON files beside this one hold results of an independent implementation in float64 (PyTorch 1.13, autograd, the LLaMA
 * convention of Hugging Face). All weights and tokens follow from `word`, so the files need no inputs.
 */
const sizes = inputs.config;
export const oracleConfig: ModelConfig = {
  vocabularySize: sizes.vocab_size,
  layers: sizes.num_hidden_layers,
  dimension: sizes.hidden_size,
  heads: sizes.num_attention_heads,
  keyValueHeads: sizes.num_key_value_heads,
  feedForward: sizes.intermediate_size,
  contextLength: sizes.max_position_embeddings,
  ropeTheta: sizes.rope_theta,
  normEpsilon: sizes.rms_norm_eps,
  tiedHead: sizes.tie_word_embeddings,
};
export const oracleLayout = layoutOf(oracleConfig);

/** A 32-bit word for a place in a stream. */
export function word(place: number, stream: number): number {
  let h = Math.imul(place + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** In [-1, 1). */
export const unit = (place: number, stream: number) => word(place, stream) / 2 ** 31 - 1;

/** Values of a tensor, rounded to float32. */
export function oracleTensor(
  length: number,
  stream: number,
  scale: number,
  offset = 0,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => offset + scale * unit(i, stream));
}

/** The parameters of model `seed`: tensor t is stream 100 seed + t. */
export function oracleWeights(seed: number, layout = oracleLayout): Float32Array<ArrayBuffer> {
  const parameters = new Float32Array(layout.length);
  inputs.tensors.forEach(([name], t) => {
    const place = layout.tensors.find((tensor) => tensor.name === name);
    if (place === undefined) throw new Error(`the layout has no ${name}`);
    const isGain = place.shape.length === 1;
    const values = oracleTensor(place.size, 100 * seed + t, isGain ? 0.1 : 0.3, isGain ? 1 : 0);
    parameters.set(values, place.offset);
  });
  return parameters;
}

/** A gradient of each tensor as the files hold it: its length, and its products with the streams 9001 and 9002. */
export type Probes = Readonly<Record<string, readonly number[]>>;

/**
 * The worst error of a gradient over the layout, relative to each tensor's length: of its length, and of its products. A tensor
 * whose gradient cancels is compared relative to the whole.
 */
export function oracleGradientError(
  gradient: ArrayLike<number>,
  { tensors }: ParameterLayout,
  probes: Probes,
): number {
  const whole = Math.hypot(...Object.values(probes).map(([length = 0]) => length));
  const errors = tensors.flatMap(({ name, offset, size }) => {
    const own = Array.from({ length: size }, (_, i) => gradient[offset + i] ?? Number.NaN);
    const along = (stream: number) => own.reduce((sum, value, i) => sum + value * unit(i, stream), 0);
    const [length = Number.NaN, ...products] = probes[name] ?? [];
    // A random difference has a product of about its own length with a stream, whose values have the mean square 1 / 3.
    const differences = [
      Math.hypot(...own) - length,
      ...products.map((product, i) => along(9001 + i) - product),
    ];
    return differences.map((difference) => Math.abs(difference) / Math.max(length, 1e-3 * whole));
  });
  // A difference that is no number must not be lost in the maximum.
  return errors.every(Number.isFinite) ? Math.max(...errors) : Number.MAX_VALUE;
}
