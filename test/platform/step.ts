import {
  type Batch,
  type BatchShape,
  ignoredTarget,
  rowWeights,
  weightedLoss,
} from '../../client/data/batch.ts';
import type { Device } from '../../client/gpu/device.ts';
import { initialAdapter } from '../../client/model/adapter/initial.ts';
import { type AdapterSettings, adaptedMatrices } from '../../client/model/adapter/settings.ts';
import type { ModelConfig } from '../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { referenceAdamW } from '../../client/model/reference/adamw.ts';
import { referenceAdapterStep } from '../../client/model/reference/low-rank.ts';
import { referenceStep } from '../../client/model/reference/model.ts';
import { Random } from '../../client/random.ts';
import { Trainer } from '../../client/train/trainer.ts';
import { freshState, type OptimizerSettings, type TrainerState } from '../../client/train/training.ts';
import type { Precision } from '../../shaders/shader.ts';

/** The errors of whole training steps on an adapter compared with float64; see `relativeError`. */
export interface StepErrors {
  /** The error of the step's loss and of the rows' losses. */
  readonly lossError: number;
  /** The worst of all tensors. */
  readonly gradientError: number;
  readonly parameterError: number;
  readonly momentError: number;
}

/** Errors above these mean a wrong kernel: the storage alone stays well below. */
export const stepTolerances: Readonly<Record<Precision, StepErrors>> = {
  f32: { lossError: 1e-5, gradientError: 1e-4, parameterError: 5e-5, momentError: 1e-4 },
  f16: { lossError: 2e-3, gradientError: 2e-2, parameterError: 5e-3, momentError: 4e-2 },
};

/** A model, its batch shape and the options of its training. */
export interface StepCase {
  readonly name: string;
  readonly config: ModelConfig;
  /** The shape of one part of a step. */
  readonly shape: BatchShape;
  readonly storage: Precision;
  readonly accumulation: number;
  readonly recompute: boolean;
  /** Whether rows have weights of their own, some of them negative. */
  readonly weighted: boolean;
  /** Whether windows consist of several documents. */
  readonly packed: boolean;
  /** The size of a binding in bytes. */
  readonly bindingBytes: number;
  /** An adapter, which is trained in place of the model. */
  readonly lora?: AdapterSettings;
}

const ragged: ModelConfig = {
  vocabularySize: 44,
  layers: 2,
  dimension: 48,
  heads: 6,
  keyValueHeads: 3,
  feedForward: 56,
  contextLength: 16,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
};

const usual = {
  config: ragged,
  shape: { batch: 3, sequence: 13 },
  storage: 'f32',
  accumulation: 1,
  recompute: false,
  weighted: false,
  packed: false,
  bindingBytes: 2 ** 27,
} as const satisfies Omit<StepCase, 'name'>;

/** Ranks that are padded, matrices with and without an adapter beside each other. */
const lora: AdapterSettings = {
  rank: 3,
  alpha: 6,
  targets: ['q_proj', 'v_proj', 'o_proj', 'up_proj', 'down_proj'],
  rankPattern: { 'layers.1.self_attn.v_proj': 5, down_proj: 1 },
};

/** Every option of a step at least once, and models and batches drawn from a seed, one of them with windows of one token. */
export function stepCases(seed: number, f16: boolean): StepCase[] {
  const random = Random.seeded(seed);
  const drawn = [1, 2 + random.below(30)].map((sequence, i) => ({
    ...usual,
    name: `drawn, ${sequence} tokens`,
    config: randomConfig(random, i === 0),
    shape: { batch: 1 + random.below(4), sequence },
  }));
  const sparing = { accumulation: 2, recompute: true, shape: { batch: 2, sequence: 7 } };
  const single: StepCase[] = [
    { ...usual, name: 'head tied' },
    { ...usual, name: 'head apart, wide heads', config: { ...ragged, tiedHead: false, headSize: 24 } },
    { ...usual, name: 'rows weighted', weighted: true },
    { ...usual, name: 'documents packed', packed: true },
    { ...usual, ...sparing, name: 'recomputed, accumulated, packed', packed: true },
    // This is less than the embedding and its logits need, so the vocabulary is processed in parts.
    {
      ...usual,
      name: 'small bindings',
      config: { ...ragged, vocabularySize: 260 },
      bindingBytes: 24 * 1024,
      weighted: true,
    },
    {
      ...usual,
      ...sparing,
      name: 'DoRA, wide heads, recomputed, accumulated',
      config: { ...ragged, headSize: 16 },
      lora: { ...lora, dora: true },
    },
    ...drawn,
  ];
  const half: StepCase[] = [
    { ...usual, name: 'LoRA', storage: 'f16', lora },
    { ...usual, name: 'head tied', storage: 'f16' },
    { ...usual, ...sparing, name: 'recomputed, accumulated, weighted', storage: 'f16', weighted: true },
  ];
  return f16 ? [...single, ...half] : single;
}

function randomConfig(random: Random, tiedHead: boolean): ModelConfig {
  const keyValueHeads = 1 + random.below(3);
  const heads = keyValueHeads * (1 + random.below(3));
  return {
    ...ragged,
    vocabularySize: 4 * (1 + random.below(20)),
    layers: 1 + random.below(3),
    dimension: 8 * (1 + random.below(2)) * heads,
    heads,
    keyValueHeads,
    feedForward: 8 * (1 + random.below(12)),
    tiedHead,
  };
}

const settings: OptimizerSettings = {
  beta1: 0.9,
  beta2: 0.95,
  // Epsilon is larger than usual: AdamW would turn the sign of a gradient below float32's noise, relative to the whole, into a whole step.
  epsilon: 1e-5,
  weightDecay: 0.1,
  gradientClip: 1,
};

/** Two training steps, some targets ignored, on this adapter and in float64. */
export async function compareStep(device: Device, one: StepCase): Promise<StepErrors> {
  const { config, shape, storage, accumulation, recompute, bindingBytes, lora } = one;
  const model = layoutOf(config);
  const random = Random.seeded(7);
  const base = initialParameters(config, model, 5).map((value) => value * 4);
  const limited = { ...device, bindingBytes: Math.min(bindingBytes, device.bindingBytes) };
  // An odd power of two: not what the scale would be without it.
  const lossScaling = { initialScale: 2 ** 11, growthInterval: 0 };
  const options = { storage, accumulation, recompute, lossScaling, ...(lora && { lora }) };
  const whole = { ...shape, batch: shape.batch * accumulation };
  const trainer = await Trainer.create(limited, config, whole, settings, options);
  const { layout } = trainer;
  if (lora) trainer.setFrozen(base);
  const drawn = () => {
    const values = initialAdapter(layout, { layout: model, values: base }, 5);
    return values.map((value) => (value === 0 ? 0.08 * random.normal() : value));
  };
  let before: TrainerState = freshState(lora ? drawn() : base);
  trainer.load(before);
  let errors: StepErrors = { lossError: 0, gradientError: 0, parameterError: 0, momentError: 0 };
  for (const learningRate of [1e-3, 5e-4]) {
    const batch = randomBatch(random, whole, one);
    // The reference continues from the adapter's state, which has already been compared.
    const state = {
      step: before.step,
      parameters: Float64Array.from(before.parameters),
      firstMoment: Float64Array.from(before.firstMoment),
      secondMoment: Float64Array.from(before.secondMoment),
    };
    const values = state.parameters;
    const matrices = lora ? adaptedMatrices(model, lora) : [];
    const expected = lora
      ? referenceAdapterStep(
          config,
          model,
          Float64Array.from(base),
          { matrices, layout, values },
          batch,
          whole,
        )
      : referenceStep(config, layout, values, batch, whole);
    referenceAdamW(state, expected.gradient, settings, learningRate, layout);
    const logProbabilities = await trainer.logProbabilities(batch);
    trainer.step(batch, learningRate);
    const loss = await trainer.loss();
    // Weighted losses may cancel.
    const { weights, divisor } = rowWeights(batch);
    const size = weightedLoss(expected.rowLosses, { weights: weights.map(Math.abs), divisor });
    const [gradient, saved] = [await trainer.gradient(), await trainer.save()];
    const worst = (actual: Float32Array, wanted: Float64Array) => {
      // A tensor whose gradient cancels, like queries and keys of a single token, is compared relative to the whole.
      const least = 1e-3 * lengthOf(wanted);
      return layout.tensors.reduce((error, { offset, size }) => {
        const end = offset + size;
        const [own, its] = [actual.subarray(offset, end), wanted.subarray(offset, end)];
        return Math.max(error, relativeError(own, its, least));
      }, 0);
    };
    errors = {
      lossError: Math.max(
        errors.lossError,
        Math.abs(loss - expected.loss) / size,
        relativeError(
          logProbabilities.map((logProbability) => -logProbability),
          expected.rowLosses,
        ),
      ),
      gradientError: Math.max(errors.gradientError, worst(gradient, expected.gradient)),
      parameterError: Math.max(errors.parameterError, worst(saved.parameters, state.parameters)),
      momentError: Math.max(
        errors.momentError,
        worst(saved.firstMoment, state.firstMoment),
        worst(saved.secondMoment, state.secondMoment),
      ),
    };
    before = saved;
  }
  trainer.close();
  return errors;
}

function lengthOf(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** Length of the difference over the length of what is expected, or over `least` where that is greater. */
export function relativeError(actual: Float32Array, expected: Float64Array, least = 1e-15): number {
  const difference = expected.map((value, i) => (actual[i] ?? Number.NaN) - value);
  return lengthOf(difference) / Math.max(lengthOf(expected), least);
}

function randomBatch(
  random: Random,
  { batch, sequence }: BatchShape,
  { config, weighted, packed }: StepCase,
): Batch {
  const rows = batch * sequence;
  const tokens = () => Uint32Array.from({ length: rows }, () => random.below(config.vocabularySize));
  const targets = tokens().map((target, i) => (i > 0 && random.below(5) === 0 ? ignoredTarget : target));
  const starts = new Uint32Array(rows);
  for (let row = 1; row < rows; row++) {
    const position = row % sequence;
    if (position > 0) starts[row] = random.below(4) === 0 ? position : (starts[row - 1] ?? 0);
  }
  const documents = packed && { documents: starts };
  if (!weighted) return { inputs: tokens(), targets, ...documents };
  const weights = Float32Array.from(targets, () => (random.below(4) === 0 ? 0 : random.normal() / rows));
  return { inputs: tokens(), targets, weights, ...documents };
}
