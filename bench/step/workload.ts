import type { Batch, BatchShape } from '../../client/data/batch.ts';
import { type ModelConfig, presets } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import type { OptimizerSettings } from '../../client/train/training.ts';

/** What every contender trains: sizes that a GPT and a LLaMA-shaped model share. Plain data: it crosses processes. */
export interface Workload extends BatchShape {
  readonly config: ModelConfig;
  readonly storage: 'f32' | 'f16';
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
export function* batches({ config, batch, sequence }: Workload): Generator<Batch, never> {
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
    yield { inputs, targets };
  }
}
