import type { OptimizerName } from '../../apps/cli/run/choices/strategies.ts';
import { heldOutBatches, Sampler } from '../../client/data/sampler.ts';
import { mean } from '../../client/mean.ts';
import type { ModelConfig } from '../../client/model/config.ts';
import { initialParameters, type ParameterLayout } from '../../client/model/parameters.ts';
import { evaluate } from '../../client/train/evaluate.ts';
import { learningRateAt, type Schedule } from '../../client/train/optimizer/schedule.ts';
import { freshOptimizer, type OptimizerSettings } from '../../client/train/training.ts';
import { never, openLoop } from '../loop.ts';
import { configFor } from '../shakespeare.ts';
import type { Texts } from './texts.ts';

type Vector = Float32Array<ArrayBuffer>;

/** Tokens of a window. */
export const sequence = 64;
/** Windows of each held-out text that a loss is measured on, at most. */
const validationWindows = 256;

const adamw: OptimizerSettings = {
  ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
  gradientClip: 1,
};
const settingsOf: Readonly<Record<OptimizerName, OptimizerSettings>> = {
  adamw,
  muon: { ...adamw, muon: { momentum: 0.95 } },
};
const scheduleFor = (totalSteps: number): Schedule => ({
  ...{ kind: 'cosine', peak: 1e-3, finalFraction: 0.1 },
  ...{ warmupSteps: Math.ceil(totalSteps / 10), totalSteps },
});

/** A run of the bench. */
export interface Result {
  /** Held-out loss, in nats a token; the mean of the texts where there are several. */
  readonly loss: number;
  /** That of each text by its name, where there are several. */
  readonly losses?: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly adapter: string;
  readonly parameters: number;
}

/** What all runs have in common. */
export interface Setting {
  readonly gpu: GPU;
  readonly texts: Texts;
  /** Windows of a step of all nodes together. */
  readonly batch: number;
  /** Steps of the whole batch. */
  readonly totalSteps: number;
}

/** Trains steps from `from`, of which the first is step `first` of the run; gives the parameters after them. */
export type TrainNode = (from: Vector, first: number, steps: number) => Promise<Vector>;

/** The model on an adapter, which all nodes of a run share. */
export interface Training {
  readonly config: ModelConfig;
  readonly adapter: string;
  readonly layout: ParameterLayout;
  /** A node, counted from 0, with its own moments and its own windows of its text. */
  node(index: number, seed: number): TrainNode;
  lossOf(parameters: Vector): Promise<Pick<Result, 'loss' | 'losses'>>;
  close(): void;
}

/** Opens the model for one of so many nodes, which share the windows of a step. */
export async function openTraining(
  { gpu, texts, batch: windows, totalSteps }: Setting,
  nodes: number,
  optimizer: OptimizerName,
): Promise<Training> {
  const config = configFor(texts.vocabularySize);
  const batch = windows / nodes;
  const shape = { batch, sequence };
  const settings = {
    config,
    shape,
    optimizer: settingsOf[optimizer],
    trainer: {},
    onKernels: () => undefined,
  };
  const { loop, adapter } = await openLoop(gpu, settings);
  const schedule = scheduleFor(totalSteps);
  return {
    config,
    adapter,
    layout: loop.trainer.layout,
    node(index, seed) {
      const sampler = new Sampler(texts.trainOf(index), shape, seed);
      let state = freshOptimizer(loop.trainer.layout.length);
      return async (from, first, steps) => {
        const place = { state: { ...state, parameters: from }, sampler: sampler.save() };
        const learningRate = (step: number) => learningRateAt(first + step, schedule);
        const { state: trained } = await loop.run({ from: place, steps, sampler, learningRate }, never);
        const { parameters, ...optimizerState } = trained;
        state = optimizerState;
        return parameters;
      };
    },
    async lossOf(parameters) {
      loop.trainer.setParameters(parameters);
      const losses: Record<string, number> = {};
      for (const [name, text] of texts.heldOut)
        losses[name] = await evaluate(loop.trainer, heldOutBatches(text, shape, validationWindows / batch));
      const values = Object.values(losses);
      return { loss: mean(values), ...(values.length > 1 && { losses }) };
    },
    close: () => loop.close(),
  };
}

/** One node that trains on the whole batch of each step. */
export async function runAlone(setting: Setting, optimizer: OptimizerName, seed: number): Promise<Result> {
  const started = performance.now();
  const training = await openTraining(setting, 1, optimizer);
  const { config, layout, adapter } = training;
  try {
    const initial = initialParameters(config, layout, seed);
    const parameters = await training.node(0, seed)(initial, 0, setting.totalSteps);
    const measured = await training.lossOf(parameters);
    return {
      ...measured,
      seconds: (performance.now() - started) / 1000,
      adapter,
      parameters: layout.trained,
    };
  } finally {
    training.close();
  }
}
