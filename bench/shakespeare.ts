import { characterTokenizer } from '../client/data/character-tokenizer.ts';
import { heldOutBatches, Sampler } from '../client/data/sampler.ts';
import { type Tokens, WordTokens } from '../client/data/tokens.ts';
import { diskFiles } from '../client/host/disk.ts';
import type { ModelConfig } from '../client/model/config.ts';
import { initialParameters } from '../client/model/parameters.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Place,
  recipeHash,
} from '../client/train/checkpoint.ts';
import { evaluate } from '../client/train/evaluate.ts';
import { learningRateAt, type Schedule } from '../client/train/optimizer/schedule.ts';
import { freshState, type OptimizerSettings } from '../client/train/training.ts';
import type { Precision } from '../shaders/shader.ts';
import { never, openLoop } from './loop.ts';

export interface ShakespeareRun {
  readonly storage: Precision;
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
  /** The folder for checkpoints, from which interrupted runs resume. */
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
/** The model of so many tokens: 0.80M parameters with those of the text. */
export const configFor = (vocabularySize: number): ModelConfig => ({
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

interface Point {
  readonly step: number;
  /** Nats a character: of the last batch, and of a share of the validation text. */
  readonly trainLoss: number;
  readonly valLoss: number;
  /** Since the run began, interruptions left out. */
  readonly seconds: number;
}

export interface Text {
  readonly train: Tokens;
  readonly validation: Tokens;
  readonly vocabularySize: number;
}

/** Nine tenths of tinyshakespeare to train on and the last one, character by character. */
export async function readText(): Promise<Text> {
  const { default: text } = await import('./data/tinyshakespeare.txt?raw');
  const { encode, vocabularySize } = characterTokenizer(text);
  const tokens = encode(text);
  const border = Math.floor(tokens.length * 0.9);
  const [train, validation] = [tokens.subarray(0, border), tokens.subarray(border)].map(WordTokens.of);
  if (train === undefined || validation === undefined) throw new Error('both parts are there');
  return { train, validation, vocabularySize };
}

/**
 * Trains on nine tenths of tinyshakespeare, character by character, once for each of `runs`. Yields the curves' points as
 * they come, and at last every run with its loss over the whole of the last tenth, in nats a character.
 */
export async function* shakespeare(options: ShakespeareOptions): AsyncGenerator<object> {
  const text = await readText();
  const runs = [];
  for (const run of options.runs) runs.push(yield* train(text, run, options));
  const [first] = runs;
  if (first === undefined) throw new RangeError('there is no run');
  const { adapter, parameters, valLoss, seconds } = first;
  const { steps, seed } = options;
  const common = { bench: 'shakespeare', adapter, parameters, ...shape, steps, seed };
  // How far each run ends above the first one, as a part of its loss.
  const compared = runs.map((run) => ({ ...run, excess: run.valLoss / valLoss - 1 }));
  yield { ...common, runs: compared, valLoss, seconds };
}

async function* train(
  { train, validation, vocabularySize }: Text,
  run: ShakespeareRun,
  { gpu, steps, seed, folder }: ShakespeareOptions,
) {
  const started = performance.now();
  const { storage, optimizer } = run;
  const config = configFor(vocabularySize);
  const [settings, schedule] = [settingsOf[optimizer], scheduleFor(steps)];
  const recipe = recipeHash({ config, shape, settings, schedule, seed, storage });
  const places = folder === undefined ? undefined : interrupted(folder, `${optimizer}-${storage}`, recipe);
  const saved = await places?.read();
  const changes: object[] = [];
  const { loop, adapter } = await openLoop(gpu, {
    ...{ config, shape, optimizer: settings, trainer: { storage } },
    ...(saved && { kernels: saved.kernels }),
    onKernels: (event) => changes.push({ ...event, ...run }),
  });
  try {
    // The kernels were measured, or are not those of the interrupted run: then the weights may differ in their last bits.
    yield* changes;
    const sampler = new Sampler(train, shape, seed);
    const curve = saved?.curve ?? [];
    const { layout, kernels } = loop.trainer;
    let place: Place = saved ?? {
      state: freshState(initialParameters(config, layout, seed)),
      sampler: sampler.save(),
    };
    const before = saved?.seconds ?? 0;
    const seconds = () => before + (performance.now() - started) / 1000;
    const keep = async ({ state, sampler: at }: Place) =>
      places?.write({ state, sampler: at, kernels, curve, seconds: seconds() });

    for (let from = place.state.step; from < steps; from = place.state.step) {
      const until = Math.min(steps, (Math.floor(from / curveInterval) + 1) * curveInterval);
      const result = await loop.run(
        {
          from: place,
          steps: until - from,
          sampler,
          learningRate: (step) => learningRateAt(from + step, schedule),
          onSnapshot: keep,
        },
        never,
      );
      place = result;
      const valLoss = await evaluate(loop.trainer, heldOutBatches(validation, shape, curveBatches));
      const point: Point = { step: until, trainLoss: result.lastLoss, valLoss, seconds: seconds() };
      curve.push(point);
      yield { event: 'progress', ...run, ...point };
      await keep(place);
    }
    const trained = seconds();
    const valLoss = await evaluate(loop.trainer, heldOutBatches(validation, shape));
    const tokensPerSecond = (steps * shape.batch * shape.sequence) / trained;
    const { lossScale, skippedSteps } = await loop.trainer.scaling();
    const measured = { valLoss, seconds: seconds(), tokensPerSecond, lossScale, skippedSteps, curve };
    return { ...run, adapter, parameters: layout.trained, ...measured };
  } finally {
    loop.close();
  }
}

type Saved = Checkpoint & {
  readonly curve: Point[];
  readonly seconds: number;
};

/** The files of an interrupted run: the curve is written first, so that it never ends before the checkpoint. */
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
