import { TapestryError } from '../errors.ts';
import type { RopeScaling } from '../formats/decoder/rope-scaling.ts';

/** Sizes of a LLaMA-shaped decoder: RMSNorm, RoPE, grouped-query attention, SwiGLU. */
export interface ModelConfig {
  readonly vocabularySize: number;
  readonly layers: number;
  readonly dimension: number;
  readonly heads: number;
  /** Values of a head, if not dimension / heads. */
  readonly headSize?: number;
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

/** Throws TapestryError `model.scores` for a reward model. `name` is the model's, for the message. */
export function requireLanguageModel({ scores = false }: ModelConfig, name: string): void {
  if (!scores) return;
  throw new TapestryError(
    'model.scores',
    `${name} is a reward model: it scores texts and writes none.`,
    'Name a language model here; a reward model is used by the reward judge of a reinforce stage.',
  );
}

/** Throws TapestryError `model.no-scores` for a language model. `name` is the model's, for the message. */
export function requireRewardModel({ scores = false }: ModelConfig, name: string): void {
  if (scores) return;
  throw new TapestryError(
    'model.no-scores',
    `${name} is a language model, which has no score head.`,
    'Train a reward model with a stage of the kind reward, and name its result.',
  );
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
