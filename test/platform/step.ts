import { type Batch, type BatchShape, ignoredTarget } from '../../client/data/batch.ts';
import type { Device } from '../../client/gpu/device.ts';
import type { Storage } from '../../client/gpu/operation.ts';
import type { ModelConfig } from '../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { referenceAdamW } from '../../client/model/reference/adamw.ts';
import { referenceStep } from '../../client/model/reference/model.ts';
import { Random } from '../../client/random.ts';
import { Trainer } from '../../client/train/trainer.ts';
import { freshState, type OptimizerSettings, type TrainerState } from '../../client/train/training.ts';

/** How far whole training steps on an adapter are from the float64 reference; see `relativeError`. */
export interface StepErrors {
  readonly lossError: number;
  /** The worst of all tensors. */
  readonly gradientError: number;
  readonly parameterError: number;
  readonly momentError: number;
}

/** Errors above these mean a wrong kernel: the storage alone stays well below. */
export const stepTolerances: Readonly<Record<Storage, StepErrors>> = {
  f32: { lossError: 1e-5, gradientError: 1e-4, parameterError: 5e-5, momentError: 1e-4 },
  f16: { lossError: 2e-3, gradientError: 2e-2, parameterError: 5e-3, momentError: 4e-2 },
};

/** What is trained, and how. */
export interface StepCase {
  readonly name: string;
  readonly config: ModelConfig;
  /** Of one part of a step. */
  readonly shape: BatchShape;
  readonly storage: Storage;
  readonly accumulation: number;
  readonly recompute: boolean;
  /** What a kernel sees of a buffer. */
  readonly bindingBytes: number;
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
  bindingBytes: 2 ** 27,
} as const satisfies Omit<StepCase, 'name'>;

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
    { ...usual, name: 'head apart', config: { ...ragged, tiedHead: false } },
    { ...usual, ...sparing, name: 'recomputed, accumulated' },
    // Less than the embedding and all its logits need: the vocabulary goes by in parts.
    { ...usual, name: 'small bindings', config: { ...ragged, vocabularySize: 260 }, bindingBytes: 24 * 1024 },
    ...drawn,
  ];
  const half: StepCase[] = [
    { ...usual, name: 'head tied', storage: 'f16' },
    { ...usual, ...sparing, name: 'recomputed, accumulated', storage: 'f16' },
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
  // Larger than usual: where a gradient is smaller than float32's noise, AdamW would make its sign a whole step.
  epsilon: 1e-6,
  weightDecay: 0.1,
  gradientClip: 1,
};

/** Two training steps, some targets ignored, on this adapter and in float64. */
export async function compareStep(device: Device, one: StepCase): Promise<StepErrors> {
  const { config, shape, storage, accumulation, recompute, bindingBytes } = one;
  const layout = layoutOf(config);
  const random = Random.seeded(7);
  const parameters = initialParameters(config, layout, 5).map((value) => value * 4);
  const limited = { ...device, bindingBytes: Math.min(bindingBytes, device.bindingBytes) };
  // An odd power of two: not what the scale would be without it.
  const lossScaling = { initialScale: 2 ** 11, growthInterval: 0 };
  const options = { storage, accumulation, recompute, lossScaling };
  const whole = { ...shape, batch: shape.batch * accumulation };
  const trainer = await Trainer.create(limited, config, whole, settings, options);
  let before: TrainerState = freshState(parameters);
  trainer.load(before);
  let errors: StepErrors = { lossError: 0, gradientError: 0, parameterError: 0, momentError: 0 };
  for (const learningRate of [1e-3, 5e-4]) {
    const batch = randomBatch(random, config, whole);
    // From where the adapter is: what it did to get there has been compared.
    const state = {
      step: before.step,
      parameters: Float64Array.from(before.parameters),
      firstMoment: Float64Array.from(before.firstMoment),
      secondMoment: Float64Array.from(before.secondMoment),
    };
    const expected = referenceStep(config, layout, state.parameters, batch, whole);
    referenceAdamW(state, expected.gradient, settings, learningRate, layout);
    trainer.step(batch, learningRate);
    const loss = await trainer.loss();
    const [gradient, saved] = [await trainer.gradient(), await trainer.save()];
    const worst = (actual: Float32Array, wanted: Float64Array) => {
      // What cancels to nothing in a tensor, as queries' and keys' gradients of one token do, is told beside the whole.
      const least = 1e-3 * lengthOf(wanted);
      return layout.tensors.reduce((error, { offset, size }) => {
        const end = offset + size;
        const [own, its] = [actual.subarray(offset, end), wanted.subarray(offset, end)];
        return Math.max(error, relativeError(own, its, least));
      }, 0);
    };
    errors = {
      lossError: Math.max(errors.lossError, Math.abs(loss - expected.loss) / expected.loss),
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

function randomBatch(random: Random, config: ModelConfig, { batch, sequence }: BatchShape): Batch {
  const rows = batch * sequence;
  const tokens = () => Uint32Array.from({ length: rows }, () => random.below(config.vocabularySize));
  const targets = tokens().map((target, i) => (i > 0 && random.below(5) === 0 ? ignoredTarget : target));
  return { inputs: tokens(), targets };
}
