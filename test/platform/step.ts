import { type Batch, ignoredTarget } from '../../client/data/batch.ts';
import { openDevice } from '../../client/gpu/device.ts';
import type { ModelConfig } from '../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { referenceAdamW } from '../../client/model/reference/adamw.ts';
import { referenceStep } from '../../client/model/reference/model.ts';
import { Random } from '../../client/random.ts';
import { Trainer } from '../../client/train/trainer.ts';
import type { OptimizerSettings } from '../../client/train/training.ts';

/** How far a whole training step on an adapter is from the float64 reference; see `relativeError`. */
export interface StepErrors {
  readonly lossError: number;
  /** The worst of all tensors. */
  readonly gradientError: number;
  readonly parameterError: number;
  readonly momentError: number;
}

/** Errors above these mean a wrong kernel: float32 alone stays an order of magnitude below. */
export const stepTolerances: StepErrors = {
  lossError: 1e-5,
  gradientError: 1e-4,
  parameterError: 1e-5,
  momentError: 1e-4,
};

const config: ModelConfig = {
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
const shape = { batch: 3, sequence: 13 };
const settings: OptimizerSettings = {
  beta1: 0.9,
  beta2: 0.95,
  // Larger than usual: where a gradient is smaller than float32's noise, AdamW would make its sign a whole step.
  epsilon: 1e-6,
  weightDecay: 0.1,
  gradientClip: 1,
};

/**
 * Two training steps of a small ragged model, some targets ignored, on this WebGPU and in float64. Only web APIs and
 * code of the project: the same check runs in Node, in Deno and in a page.
 */
export async function compareStep(gpu: GPU, tiedHead = true): Promise<StepErrors> {
  const device = await openDevice(gpu);
  try {
    const model = { ...config, tiedHead };
    const layout = layoutOf(model);
    const random = Random.seeded(7);
    const parameters = initialParameters(model, layout, 5).map((value) => value * 4);
    const zeros = () => new Float32Array(layout.length);
    const trainer = await Trainer.create(device, model, shape, settings);
    trainer.load({ step: 0, parameters, firstMoment: zeros(), secondMoment: zeros() });
    const state = {
      step: 0,
      parameters: Float64Array.from(parameters),
      firstMoment: new Float64Array(layout.length),
      secondMoment: new Float64Array(layout.length),
    };
    let errors: StepErrors = { lossError: 0, gradientError: 0, parameterError: 0, momentError: 0 };
    for (const learningRate of [1e-3, 5e-4]) {
      const batch = randomBatch(random);
      const expected = referenceStep(model, layout, state.parameters, batch, shape);
      referenceAdamW(state, expected.gradient, settings, learningRate, layout);
      trainer.step(batch, learningRate);
      const [loss, gradient, saved] = await Promise.all([trainer.loss(), trainer.gradient(), trainer.save()]);
      const worst = (actual: Float32Array, wanted: Float64Array) =>
        layout.tensors.reduce((error, { offset, size }) => {
          const end = offset + size;
          return Math.max(error, relativeError(actual.subarray(offset, end), wanted.subarray(offset, end)));
        }, 0);
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
    }
    trainer.close();
    return errors;
  } finally {
    device.close();
  }
}

/** Length of the difference over the length of what is expected. */
export function relativeError(actual: Float32Array, expected: Float64Array): number {
  let difference = 0;
  let length = 0;
  expected.forEach((value, i) => {
    difference += ((actual[i] ?? Number.NaN) - value) ** 2;
    length += value ** 2;
  });
  return Math.sqrt(difference / Math.max(length, 1e-30));
}

function randomBatch(random: Random): Batch {
  const rows = shape.batch * shape.sequence;
  const tokens = () => Uint32Array.from({ length: rows }, () => random.below(config.vocabularySize));
  const targets = tokens().map((target) => (random.below(5) === 0 ? ignoredTarget : target));
  return { inputs: tokens(), targets };
}
