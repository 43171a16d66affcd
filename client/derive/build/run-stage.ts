import type { BatchShape } from '../../data/batch.ts';
import { type Example, rowsOf } from '../../data/example.ts';
import { exampleBatches } from '../../data/example-sampler.ts';
import { heldOutBatches } from '../../data/sampler.ts';
import type { ModelTokenizer } from '../../data/tokenizer.ts';
import { openDevice } from '../../gpu/device.ts';
import { mean } from '../../mean.ts';
import type { AdapterSettings } from '../../model/adapter/settings.ts';
import type { ModelConfig } from '../../model/config.ts';
import type { Files, Isolate } from '../../runtime.ts';
import type { Place } from '../../train/checkpoint.ts';
import { evaluate } from '../../train/evaluate.ts';
import type { KernelEvent } from '../../train/loop/kernel-choice.ts';
import { type LoopRuntime, TrainingLoop } from '../../train/loop/training-loop.ts';
import { learningRateAt } from '../../train/optimizer/schedule.ts';
import type { Trainer } from '../../train/trainer.ts';
import { freshState } from '../../train/training.ts';
import {
  logProbabilitiesOf,
  ofTargets,
  referenceLogProbabilities,
  sumOfLogProbabilities,
} from '../log-probabilities.ts';
import { meanDivergence } from '../objectives/policy.ts';
import type { BuildState } from './build-state.ts';
import type { StageExample } from './loss/group-loss.ts';
import { isBetter, type Measurement, type ValueName } from './measurement.ts';
import { Reinforcement, type Rollout } from './reinforce/reinforcement.ts';
import type { StagePlan } from './stage-plan.ts';
import { adapterSettings, initialTrained, weightsHash, wholeModel, withHeadOf } from './stage-weights.ts';

/** Events of a stage. `stage` is its index. */
export type StageEvent =
  | { readonly event: 'stage'; readonly stage: number; readonly kind: string; readonly steps: number }
  | {
      readonly event: 'progress';
      readonly stage: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly tokensPerSecond: number;
      readonly secondsLeft: number;
    }
  | ({ readonly event: 'measurement'; readonly best: boolean } & Measurement)
  | ({ readonly event: 'rollout'; readonly stage: number; readonly step: number } & Rollout['figures'])
  | { readonly event: 'checkpoint'; readonly stage: number; readonly step: number }
  | { readonly event: 'stopped-early'; readonly stage: number; readonly step: number }
  | { readonly event: 'device-lost'; readonly stage: number; readonly step: number; readonly reason: string }
  | KernelEvent;

/** The parts of a build that its stages share. */
export interface StageContext {
  readonly runtime: LoopRuntime;
  /** The configuration of the model that the stage, or the build, begins with. */
  readonly config: ModelConfig;
  readonly tokenizer: ModelTokenizer;
  /** The parameters that the build begins with. */
  readonly base: Float32Array<ArrayBuffer>;
  readonly checkpointMilliseconds: number;
  /** Where the log-probabilities of references are kept. */
  readonly references: Files;
  /** Starts a thread whose program is `serveFunction`, for rewards that a person wrote; absent where a host has none. */
  readonly startFunction?: () => Isolate;
  /** Milliseconds since 1970. */
  readonly date: () => number;
  /** Stores a state durably. */
  readonly save: (state: BuildState) => Promise<void>;
  /**
   * Stores the adapter that a stage trained; its values are over the layout of its settings. That of a reward model is not stored: it
   * means nothing without the head that was trained beside it.
   */
  readonly saveAdapter: (
    stage: number,
    settings: AdapterSettings,
    values: Float32Array<ArrayBuffer>,
  ) => Promise<void>;
  readonly onEvent: (event: StageEvent) => void;
  readonly signal: AbortSignal;
}

/** Batches of a measurement, at most, of each kind of text: ten measurements cost about as much as a hundred steps. */
export const measuredBatches = 16;

/**
 * Trains a stage from a state and gives the state after it, whose `start` is the stage's result: the best weights by the
 * recipe's metric or, if that was not measured, the last. If aborted, it saves the state and rejects with the signal's reason.
 */
export async function runStage(
  plan: StagePlan,
  from: BuildState,
  context: StageContext,
): Promise<BuildState> {
  const { runtime, onEvent, signal } = context;
  const { recipe, config, shape, steps, evaluationSteps, schedule } = plan;
  const { stage } = from;
  const { adapter } = recipe;
  const model = withHeadOf(config, context.config, from.start ?? context.base, plan.seed);
  onEvent({ event: 'stage', stage, kind: recipe.kind, steps });
  const device = await openDevice(await runtime.gpu());
  const loop = await TrainingLoop.open(runtime, device, {
    ...{ config, shape, optimizer: plan.optimizer, trainer: plan.trainer, power: 1 },
    ...(adapter && { model }),
    ...(from.checkpoint && { kernels: from.checkpoint.kernels }),
    onKernels: onEvent,
  });
  let policy: Reinforcement | null = null;
  try {
    let state = from;
    const plain = initialTrained(plan, model, plan.seed);
    const first = plan.initial ?? plain;
    const initial = from.checkpoint?.state ?? freshState(first);
    if (from.checkpoint === null) {
      loop.trainer.load(freshState(plain));
      state = {
        ...state,
        references: await references(loop.trainer, plan, context.references, weightsHash(model)),
      };
      if (plan.initial !== undefined) loop.trainer.load(initial);
    }
    const rollouts = plan.rollouts?.() ?? null;
    const batches = rollouts ?? plan.batches(state.references);
    if (rollouts !== null && recipe.reinforce !== null)
      policy = await Reinforcement.open({
        ...{ loop, config, tokenizer: context.tokenizer, reinforce: recipe.reinforce },
        ...{ sources: plan.rewardSources, cache: runtime.cache, startFunction: context.startFunction },
        ...{ data: plan.data, shape, seed: plan.seed, batches: rollouts, start: first },
      });
    let place: Place = from.checkpoint ?? { state: initial, sampler: batches.save() };
    // Completions are sampled from the trainer's own weights.
    if (from.checkpoint !== null) loop.trainer.load(place.state);
    let savedAt = runtime.now();
    const save = async (at: Place) => {
      const { kernels } = loop.trainer;
      // Divergence is measured from the stage's beginning.
      const start = adapter === null && policy === null ? null : from.start;
      state = { ...state, checkpoint: { state: at.state, sampler: at.sampler, kernels }, start };
      await context.save(state);
      savedAt = runtime.now();
      onEvent({ event: 'checkpoint', stage, step: at.state.step });
    };
    const isDue = () => runtime.now() - savedAt >= context.checkpointMilliseconds;
    const measure = async (step: number, trainingLoss: number | null) => {
      const values = await measured(loop.trainer, plan, state.references);
      if (policy !== null) {
        Object.assign(values, await policy.measure(place.state.parameters, signal));
        place = { ...place, sampler: batches.save() };
      }
      if (trainingLoss !== null) values.training_loss = trainingLoss;
      const measurement = { stage, step, at: context.date(), values };
      const value = values[recipe.metric];
      // The weights before the first step are no result, though forgetting is least there.
      const best = step > 0 && value !== undefined && isBetter(recipe.metric, value, state.best);
      state = {
        ...state,
        measurements: [...state.measurements, measurement],
        notBetter: best || step === 0 || value === undefined ? 0 : state.notBetter + 1,
        best: best ? { step, value, parameters: place.state.parameters } : state.best,
      };
      onEvent({ event: 'measurement', ...measurement, best });
    };
    const isOver = () => recipe.patience !== null && state.notBetter >= recipe.patience;

    if (from.checkpoint === null) await measure(0, null);
    while (place.state.step < steps && !isOver()) {
      /** The last place that can be saved without the device. */
      let reached = place;
      const done = place.state.step;
      const measuredAt = Math.min(steps, (Math.floor(done / evaluationSteps) + 1) * evaluationSteps);
      const until = policy === null ? measuredAt : Math.min(steps, done + policy.reinforce.updates);
      let loaded = false;
      try {
        let rollout: Rollout | null = null;
        if (policy !== null) {
          batches.restore(place.sampler);
          rollout = await policy.draw(place.state.parameters, done, signal);
          place = { ...place, sampler: batches.save() };
          onEvent({ event: 'rollout', stage, step: done, ...rollout.figures });
        }
        if (rollout?.teaches === false) {
          // There is nothing to learn from these completions: their updates pass without one.
          loop.trainer.load(place.state);
          const scaling = await loop.trainer.scaling();
          place = { ...place, state: { ...place.state, scaling, step: until } };
          if (until >= measuredAt) await measure(until, null);
          if (isDue() || until === steps) await save(place);
          continue;
        }
        const result = await loop.run(
          {
            ...{ from: place, steps: until - done, sampler: batches },
            learningRate: (step) => learningRateAt(done + step, schedule),
            onLoaded: async (trainer) => {
              await rollout?.prepare(trainer);
              loaded = true;
            },
            onProgress: ({ steps: taken, trainingLoss: loss, tokensPerSecond }) => {
              const step = done + taken;
              const secondsLeft = ((steps - step) * shape.batch * shape.sequence) / tokensPerSecond;
              onEvent({ event: 'progress', stage, step, steps, loss, tokensPerSecond, secondsLeft });
            },
            onSnapshot: async (snapshot) => {
              if (policy !== null) return;
              reached = snapshot;
              if (isDue()) await save(snapshot);
            },
            onDeviceLost: (step, reason) => {
              loaded = false;
              onEvent({ event: 'device-lost', stage, step: done + step, reason });
            },
          },
          signal,
        );
        place = result;
        if (until >= measuredAt) await measure(until, result.lastLoss);
      } catch (error) {
        // Every step that was queued is in the trainer, so that an interruption loses no step. Completions are not stored,
        // so that a rollout begins again. A stop may also come before the task's place is loaded, as in a measurement.
        if (signal.aborted)
          await save(
            loaded && policy === null
              ? { state: await loop.trainer.save(), sampler: batches.save() }
              : reached,
          );
        throw error;
      }
      if (isDue() || place.state.step === steps) await save(place);
    }
    if (isOver()) onEvent({ event: 'stopped-early', stage, step: place.state.step });
    const values = state.best?.parameters ?? place.state.parameters;
    if (adapter !== null && !config.scores)
      await context.saveAdapter(stage, adapterSettings(adapter), values);
    return {
      stage: stage + 1,
      ...{ checkpoint: null, references: null, best: null, notBetter: 0 },
      start: wholeModel(plan, model, values),
      measurements: state.measurements,
      chosen: [...state.chosen, state.best?.step ?? place.state.step],
    };
  } finally {
    policy?.close();
    loop.close();
  }
}

/**
 * The log-probabilities by the model that the stage begins with, for a loss that compares with them: of all answers or, with `kl`, of
 * all rows. The measured examples follow those that are trained on.
 */
async function references(
  trainer: Trainer,
  { recipe, loss, data, shape }: StagePlan,
  files: Files,
  model: string,
): Promise<Float32Array<ArrayBuffer> | null> {
  if (loss?.hasReference !== true && recipe.kl === 0) return null;
  const of = (examples: readonly Example[]) =>
    referenceLogProbabilities({ trainer, model, examples, shape, files });
  const all = [...(await of(data.train)), ...(await of(measuredRows(data.heldOut, shape)))];
  return recipe.kl > 0
    ? Float32Array.from(all.flatMap((rows) => [...rows]))
    : Float32Array.from(all, sumOfLogProbabilities);
}

/** The held-out examples that are measured. */
function measuredRows(heldOut: readonly StageExample[], { batch }: BatchShape): readonly StageExample[] {
  return heldOut.slice(0, 2 * Math.floor((measuredBatches * batch) / 2));
}

/** Measures the trainer's model on held-out rows and on held-out base text, where there are any. */
async function measured(
  trainer: Trainer,
  { recipe, loss, data, baseText, shape }: StagePlan,
  references: Float32Array | null,
): Promise<Partial<Record<ValueName, number>>> {
  const examples = measuredRows(data.heldOut, shape);
  const values: Partial<Record<ValueName, number>> = {};
  if (examples.length > 0 && loss !== null) {
    const own = references?.subarray(data.train.length) ?? new Float32Array();
    Object.assign(values, await loss.measure(trainer, examples, own, shape));
  } else if (examples.length > 0 && recipe.kl > 0) {
    const trained = data.train.reduce((sum, example) => sum + rowsOf(example), 0);
    const own = ofTargets(examples, await logProbabilitiesOf(trainer, examples, shape));
    values.loss = 0 - mean(own);
    values.divergence = meanDivergence(own, ofTargets(examples, splitRows(examples, references, trained)));
  } else if (examples.length > 0 && recipe.reinforce === null)
    values.loss = await evaluate(trainer, exampleBatches(examples, shape));
  if (baseText !== null && baseText.heldOut.length > 1)
    values.base_loss = await evaluate(trainer, heldOutBatches(baseText.heldOut, shape, measuredBatches));
  return values;
}

/** The reference's log-probabilities of each example's rows, which follow each other from `first` on. */
function splitRows(
  examples: readonly Example[],
  references: Float32Array | null,
  first: number,
): Float32Array[] {
  let end = first;
  return examples.map((example) => {
    end += rowsOf(example);
    return references?.subarray(end - rowsOf(example), end) ?? new Float32Array();
  });
}
