import { characterTokenizer } from '../client/data/character-tokenizer.ts';
import { heldOutBatches, Sampler } from '../client/data/sampler.ts';
import { openDevice } from '../client/gpu/device.ts';
import type { ModelConfig } from '../client/model/config.ts';
import { initialParameters } from '../client/model/parameters.ts';
import { evaluate } from '../client/train/evaluate.ts';
import { learningRateAt, type Schedule } from '../client/train/schedule.ts';
import { Trainer } from '../client/train/trainer.ts';

export interface ShakespeareOptions {
  readonly gpu: GPU;
  readonly steps: number;
  readonly seed: number;
}

/** nanoGPT's settings for a machine without a GPU, LLaMA-shaped at the same depth, width and 0.80M parameters. */
const shape = { batch: 12, sequence: 64 };
const settings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };
const configFor = (vocabularySize: number): ModelConfig => ({
  vocabularySize,
  layers: 4,
  dimension: 128,
  heads: 4,
  keyValueHeads: 4,
  feedForward: 344,
  contextLength: shape.sequence,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
});

/** Steps between two points of the curve, and batches of validation text that a point is measured on. */
const curveInterval = 100;
const curveBatches = 10;

/**
 * Trains on nine tenths of tinyshakespeare, character by character; yields the curve's points as they come, and at last
 * the loss over the whole of the last tenth, in nats a character.
 */
export async function* shakespeare({ gpu, steps, seed }: ShakespeareOptions): AsyncGenerator<object> {
  const { default: text } = await import('./data/tinyshakespeare.txt?raw');
  const tokenizer = characterTokenizer(text);
  const tokens = Uint16Array.from(tokenizer.encode(text));
  const border = Math.floor(tokens.length * 0.9);
  const [train, validation] = [tokens.subarray(0, border), tokens.subarray(border)];
  const config = configFor(tokenizer.vocabularySize);
  const schedule: Schedule = {
    kind: 'cosine',
    peak: 1e-3,
    warmupSteps: 100,
    totalSteps: steps,
    finalFraction: 0.1,
  };
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const device = await openDevice(gpu);
  const trainer = await Trainer.create(device, config, shape, settings);
  try {
    const zeros = () => new Float32Array(trainer.layout.length);
    const parameters = initialParameters(config, trainer.layout, seed);
    trainer.load({ step: 0, parameters, firstMoment: zeros(), secondMoment: zeros() });
    const sampler = new Sampler(train, shape, seed);
    const curve: object[] = [];
    let trainLoss = 0;
    for (let step = 1; step <= steps; step++) {
      trainer.step(sampler.next(), learningRateAt(step - 1, schedule));
      // Few steps in flight: a software adapter would keep all of them in memory.
      if (step % 5 === 0 || step === steps) trainLoss = await trainer.loss();
      if (step % curveInterval > 0 && step < steps) continue;
      const valLoss = await evaluate(trainer, heldOutBatches(validation, shape, curveBatches));
      const point = { step, trainLoss, valLoss, seconds: seconds() };
      curve.push(point);
      yield { event: 'progress', ...point };
    }
    const valLoss = await evaluate(trainer, heldOutBatches(validation, shape));
    yield {
      bench: 'shakespeare',
      adapter: device.name,
      parameters: trainer.layout.trained,
      ...shape,
      steps,
      curve,
      valLoss,
      seconds: seconds(),
    };
  } finally {
    trainer.close();
    device.close();
  }
}
