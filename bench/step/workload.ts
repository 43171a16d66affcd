import type { Batch, BatchShape } from '../../client/data/batch.ts';
import type { AdapterSettings } from '../../client/model/adapter/settings.ts';
import { type ModelConfig, presets } from '../../client/model/config.ts';
import { type IsTrained, layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import type { OptimizerSettings } from '../../client/train/training.ts';

/** The workload of every contender: sizes that a GPT and a LLaMA-shaped model share. Plain data: it crosses processes. */
export interface Workload extends BatchShape {
  readonly config: ModelConfig;
  readonly storage: 'f32' | 'f16';
  /** The frozen part; without it all is trained. */
  readonly frozen?: FrozenPart;
  /** An adapter that is trained in place of the model. */
  readonly lora?: AdapterSettings;
  /** Mean length of the documents that windows are packed with; without it, each window is one. */
  readonly packed?: number;
  /** Texts that are sampled side by side, in place of training. */
  readonly sampled?: number;
}

/** Parts of a model that can be frozen. */
export const frozenParts = ['attention', 'feed-forward', 'all-but-last-layer'] as const;
export type FrozenPart = (typeof frozenParts)[number];

/** Which tensors of the model a workload trains. */
export function trainedTensors({ config, frozen, lora }: Workload): IsTrained {
  if (frozen === undefined) return () => lora === undefined;
  const last = `model.layers.${config.layers - 1}.`;
  const isFrozen = {
    attention: (name: string) => name.includes('self_attn'),
    'feed-forward': (name: string) => name.includes('.mlp.'),
    'all-but-last-layer': (name: string) => !name.startsWith(last),
  }[frozen];
  return ({ name }) => !isFrozen(name);
}

/** The same AdamW for every contender; Tapestry clips the gradient besides. */
export const optimizer: OptimizerSettings = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  gradientClip: 1,
};

export const learningRate = 1e-3;

/** 2 layers, 128 wide, bytes: small enough for a processor, and for peers. `feedForward` makes it as large as `gptSize`. */
export const benchConfig: ModelConfig = {
  ...presets.nano,
  vocabularySize: 256,
  layers: 2,
  dimension: 128,
  heads: 4,
  keyValueHeads: 4,
  feedForward: 360,
  contextLength: 128,
};

export const configs: Readonly<Record<string, ModelConfig>> = { bench: benchConfig, ...presets };

/**
 * Trained values of the peers' model, a GPT of the same depth and width: LayerNorm with a gain, linear maps without
 * bias, an MLP four times as wide, learned positions, the head tied to the embedding (as nanoGPT trains it).
 */
export function gptSize({ config, sequence }: Workload): number {
  const { layers, dimension, vocabularySize } = config;
  const layer = 3 * dimension ** 2 + dimension ** 2 + 8 * dimension ** 2 + 2 * dimension;
  return layers * layer + (vocabularySize + sequence + 1) * dimension;
}

/**
 * Floating-point operations of one training step: 6 for each weight that a token is multiplied with (2 forward, 4
 * backward; the embedding counts once, as the head), and attention's 12 · width · length for each token of each layer,
 * halved by causality (Kaplan et al. 2020, arXiv 2001.08361; Chowdhery et al. 2022, arXiv 2204.02311, appendix B).
 */
export function stepFlops({ config, batch, sequence }: Workload): number {
  const { layers, dimension } = config;
  const weights = layoutOf({ ...config, tiedHead: true }).tensors.filter(({ decay }) => decay);
  const size = weights.reduce((sum, tensor) => sum + tensor.size, 0);
  return batch * sequence * (6 * size + 6 * layers * dimension * sequence);
}

/** Endless batches of a sequence that can be learned, the same for every contender: a falling loss shows that it trains. */
export function* batches({ config, batch, sequence, packed }: Workload): Generator<Batch, never> {
  const { vocabularySize } = config;
  const random = Random.seeded(1);
  for (;;) {
    const inputs = new Uint32Array(batch * sequence);
    const targets = new Uint32Array(batch * sequence);
    for (let row = 0; row < inputs.length; row++) {
      const before = row % sequence === 0 ? undefined : targets[row - 1];
      const token = before ?? random.below(vocabularySize);
      inputs[row] = token;
      targets[row] = (token * 5 + 17 + random.below(4)) % vocabularySize;
    }
    yield {
      inputs,
      targets,
      ...(packed && { documents: documentsOf(inputs.length, sequence, packed, random) }),
    };
  }
}

/** Where each row's document begins, for documents of half to one and a half times the mean length. */
function documentsOf(rows: number, sequence: number, mean: number, random: Random): Uint32Array<ArrayBuffer> {
  const documents = new Uint32Array(rows);
  let left = 0;
  for (let row = 0; row < rows; row++) {
    const position = row % sequence;
    if (position === 0 || left === 0) {
      left = Math.max(1, Math.ceil(mean / 2)) + random.below(mean);
      documents[row] = position;
    } else documents[row] = documents[row - 1] ?? 0;
    left--;
  }
  return documents;
}
