import { characterTokenizer } from '../client/data/character-tokenizer.ts';
import { heldOutBatches, Sampler } from '../client/data/sampler.ts';
import { type Device, openDevice } from '../client/gpu/device.ts';
import { type KernelChange, keptKernels } from '../client/gpu/kernel-record.ts';
import type { Storage } from '../client/gpu/operation.ts';
import { cachedKernels } from '../client/host/cache.ts';
import { diskFiles } from '../client/host/disk.ts';
import type { ModelConfig } from '../client/model/config.ts';
import { initialParameters } from '../client/model/parameters.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  recipeHash,
} from '../client/train/checkpoint.ts';
import { evaluate } from '../client/train/evaluate.ts';
import { learningRateAt, type Schedule } from '../client/train/schedule.ts';
import { Trainer } from '../client/train/trainer.ts';
import { freshState, type OptimizerSettings } from '../client/train/training.ts';

export interface ShakespeareRun {
  readonly storage: Storage;
  readonly optimizer: 'adamw' | 'muon';
}

export const shakespeareRuns: Readonly<Record<string, ShakespeareRun>> = {
  'adamw-f32': { optimizer: 'adamw', storage: 'f32' },
  'adamw-f16': { optimizer: 'adamw', storage: 'f16' },
  'muon-f32': { optimizer: 'muon', storage: 'f32' },
  'muon-f16': { optimizer: 'muon', storage: 'f16' },
};

export interface ShakespeareOptions {
  readonly gpu: GPU;
  /** One after the other; the first one's figures are the bench's. */
  readonly runs: readonly ShakespeareRun[];
  readonly steps: number;
  readonly seed: number;
  /** Where runs leave checkpoints, from which they go on when they were interrupted. */
  readonly folder?: string;
}

/** nanoGPT's settings for a machine without a GPU, LLaMA-shaped at the same depth, width and 0.80M parameters. */
const shape = { batch: 12, sequence: 64 };
const adamw: OptimizerSettings = {
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  gradientClip: 1,
};
const settingsOf = { adamw, muon: { ...adamw, muon: { momentum: 0.95 } } } as const;
const scheduleFor = (steps: number): Schedule => ({
  kind: 'cosine',
  peak: 1e-3,
  warmupSteps: Math.min(100, steps),
  totalSteps: steps,
  finalFraction: 0.1,
});
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
/** Steps that an interruption costs at most. */
const checkpointInterval = 25;

interface Point {
  readonly step: number;
  /** Nats a character: of the last batch, and of a share of the validation text. */
  readonly trainLoss: number;
  readonly valLoss: number;
  /** Since the run began, interruptions left out. */
  readonly seconds: number;
}

interface Text {
  readonly train: Uint16Array;
  readonly validation: Uint16Array;
  readonly vocabularySize: number;
}

async function readText(): Promise<Text> {
  const { default: text } = await import('./data/tinyshakespeare.txt?raw');
  const { encode, vocabularySize } = characterTokenizer(text);
  const tokens = Uint16Array.from(encode(text));
  const border = Math.floor(tokens.length * 0.9);
  return { train: tokens.subarray(0, border), validation: tokens.subarray(border), vocabularySize };
}

/**
 * Trains on nine tenths of tinyshakespeare, character by character, once for each of `runs`. Yields the curves' points as
 * they come, and at last every run with its loss over the whole of the last tenth, in nats a character.
 */
export async function* shakespeare(options: ShakespeareOptions): AsyncGenerator<object> {
  const text = await readText();
  const device = await openDevice(options.gpu);
  const runs = [];
  try {
    for (const run of options.runs) runs.push(yield* train(device, text, run, options));
  } finally {
    device.close();
  }
  const [{ valLoss, seconds, parameters } = { valLoss: 0, seconds: 0, parameters: 0 }] = runs;
  const { steps, seed } = options;
  const common = { bench: 'shakespeare', adapter: device.name, parameters, ...shape, steps, seed };
  // How far each run ends above the first one, as a part of its loss.
  const compared = runs.map((run) => ({ ...run, excess: run.valLoss / valLoss - 1 }));
  yield { ...common, runs: compared, valLoss, seconds };
}

async function* train(
  device: Device,
  { train, validation, vocabularySize }: Text,
  run: ShakespeareRun,
  { steps, seed, folder }: ShakespeareOptions,
) {
  const started = performance.now();
  const { storage, optimizer } = run;
  const config = configFor(vocabularySize);
  const [settings, schedule] = [settingsOf[optimizer], scheduleFor(steps)];
  const recipe = recipeHash({ config, shape, settings, schedule, seed, storage });
  const places = folder === undefined ? undefined : interrupted(folder, `${optimizer}-${storage}`, recipe);
  const saved = await places?.read();
  const changes: KernelChange[] = [];
  const cached = cachedKernels(device);
  const choices = saved
    ? keptKernels(device, saved.kernels, cached, (change) => changes.push(change))
    : cached;
  const trainer = await Trainer.create(device, config, shape, settings, { storage, choices });
  try {
    // What is trained from here on may differ in its bits from a run that was not interrupted.
    for (const change of changes) yield { event: 'kernels-changed', ...run, change };
    const sampler = new Sampler(train, shape, seed);
    const curve = saved?.curve ?? [];
    if (saved) sampler.restore(saved.sampler);
    trainer.load(saved?.state ?? freshState(initialParameters(config, trainer.layout, seed)));
    const before = saved?.seconds ?? 0;
    const seconds = () => before + (performance.now() - started) / 1000;

    let trainLoss = 0;
    for (let step = (saved?.state.step ?? 0) + 1; step <= steps; step++) {
      trainer.step(sampler.next(), learningRateAt(step - 1, schedule));
      // Few steps in flight: a software adapter would keep all of them in memory.
      if (step % 5 === 0 || step === steps) trainLoss = await trainer.loss();
      if (step % curveInterval === 0 || step === steps) {
        const valLoss = await evaluate(trainer, heldOutBatches(validation, shape, curveBatches));
        const point: Point = { step, trainLoss, valLoss, seconds: seconds() };
        curve.push(point);
        yield { event: 'progress', ...run, ...point };
      }
      if (places && (step % checkpointInterval === 0 || step === steps))
        await places.write({
          state: await trainer.save(),
          sampler: sampler.save(),
          kernels: trainer.kernels,
          curve,
          seconds: seconds(),
        });
    }
    const trained = seconds();
    const valLoss = await evaluate(trainer, heldOutBatches(validation, shape));
    const tokensPerSecond = (steps * shape.batch * shape.sequence) / trained;
    const { lossScale, skippedSteps } = await trainer.scaling();
    const measured = { valLoss, seconds: seconds(), tokensPerSecond, lossScale, skippedSteps, curve };
    return { ...run, parameters: trainer.layout.trained, ...measured };
  } finally {
    trainer.close();
  }
}

type Saved = Checkpoint & {
  readonly curve: Point[];
  readonly seconds: number;
};

/** What an interrupted run left, and leaves: the curve is written first, so that it never ends before the checkpoint. */
function interrupted(folder: string, name: string, recipe: string) {
  const files = diskFiles(folder);
  const [checkpointFile, curveFile] = [`${name}.safetensors`, `${name}.json`];
  return {
    async read(): Promise<Saved | undefined> {
      const [bytes, json] = [await files.read(checkpointFile), await files.read(curveFile)];
      if (!bytes || !json) return undefined;
      const checkpoint = await decodeCheckpoint(bytes, recipe);
      const { curve, seconds }: Omit<Saved, keyof Checkpoint> = JSON.parse(new TextDecoder().decode(json));
      return { ...checkpoint, seconds, curve: curve.filter(({ step }) => step <= checkpoint.state.step) };
    },
    async write({ curve, seconds, ...checkpoint }: Saved): Promise<void> {
      await files.write(curveFile, new TextEncoder().encode(JSON.stringify({ curve, seconds })));
      await files.write(checkpointFile, await encodeCheckpoint(recipe, checkpoint));
    },
  };
}
