import type { RopeScaling } from '../formats/rope-scaling.ts';

/** Sizes of a LLaMA-shaped decoder: RMSNorm, RoPE, grouped-query attention, SwiGLU. */
export interface ModelConfig {
  readonly vocabularySize: number;
  readonly layers: number;
  readonly dimension: number;
  readonly heads: number;
  /** Divides `heads`; each key/value head serves `heads / keyValueHeads` query heads. */
  readonly keyValueHeads: number;
  readonly feedForward: number;
  readonly contextLength: number;
  readonly ropeTheta: number;
  /** Llama 3's, for models that were lengthened after pre-training. */
  readonly ropeScaling?: RopeScaling;
  readonly normEpsilon: number;
  /** True if the output projection shares the embedding's matrix. */
  readonly tiedHead: boolean;
  /** True if the head gives one score a row in place of logits: a reward model. */
  readonly scores?: boolean;
}

/** The extents with which kernels compute, because they read tokens in vectors of 4 and units of the feed-forward in eights. */
export function paddedExtents({ vocabularySize, feedForward }: ModelConfig) {
  return { vocabulary: 4 * Math.ceil(vocabularySize / 4), feedForward: 8 * Math.ceil(feedForward / 8) };
}

export const presetNames = ['nano', 'micro', 'mini', 'small', 'base'] as const;
export type PresetName = (typeof presetNames)[number];

const shape = (
  layers: number,
  dimension: number,
  heads: number,
  keyValueHeads: number,
  feedForward: number,
  contextLength: number,
): ModelConfig => ({
  vocabularySize: 260,
  layers,
  dimension,
  heads,
  keyValueHeads,
  feedForward,
  contextLength,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
});

/** From a machine without a GPU (nano, about 0.5M parameters) to a workstation (base, about 124M). */
export const presets: Readonly<Record<PresetName, ModelConfig>> = {
  nano: shape(3, 128, 4, 2, 320, 128),
  micro: shape(4, 192, 6, 3, 512, 256),
  mini: shape(6, 320, 5, 5, 864, 256),
  small: shape(8, 512, 8, 4, 1408, 512),
  base: shape(15, 832, 13, 13, 2208, 1024),
};
