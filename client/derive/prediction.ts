import type { Adapter, Device } from '../gpu/device.ts';
import type { Chooser } from '../gpu/program.ts';
import { predictGeneration } from '../model/generate/generation-program.ts';
import { measureCost } from '../train/choose-preset.ts';
import { predictForward } from '../train/forward-pass.ts';
import { planStep } from '../train/memory.ts';
import { measuredPrompts } from './build/reinforce/reinforcement.ts';
import { measuredBatches } from './build/run-stage.ts';
import type { StagePlan } from './build/stage-plan.ts';
import type { BuildInputs } from './inputs.ts';
import { scoringShape } from './reward/reward-model.ts';

/** The memory and the time that a stage will take. */
export interface StagePrediction {
  readonly stage: StagePlan;
  readonly index: number;
  /** Bytes on the adapter. */
  readonly bytes: number;
  /** Estimated from timed steps of a small model on this adapter. */
  readonly seconds: number;
}

/** Rows and steps of the timed model: enough to tell minutes from hours. */
const timed = { batch: 4, steps: 3 };

/** Predicts what each stage takes on a device, whose kernels `choices` chooses. Throws the errors of `planStep`. */
export async function predictStages(
  device: Device,
  choices: Chooser,
  { model, build }: BuildInputs,
): Promise<StagePrediction[]> {
  const memory = build.stages.map((stage, index) => ({ stage, index, bytes: stageBytes(device, stage) }));
  const cost = await measureCost(device, timed.batch, timed.steps, choices);
  return memory.map((predicted) => {
    const { shape, steps } = predicted.stage;
    const token = (cost * model.layout.trained) / 1000;
    const trained = shape.batch * shape.sequence * (steps + measuringSteps(predicted.stage));
    return { ...predicted, seconds: token * (trained + sampledTokens(predicted.stage)) };
  });
}

/**
 * Predicted bytes of a stage on an adapter: of training, of sampling, which reads the weights of training, and of judges. Throws the
 * errors of `planStep`.
 */
export function stageBytes(adapter: Adapter, plan: StagePlan): number {
  const { config, shape, optimizer, trainer, rollouts, rewardSources } = plan;
  const sequences = rollouts?.().completions;
  const { memory, model } = planStep(adapter, config, shape, optimizer, trainer);
  const judges = [...rewardSources.judges.values()].map((judge) =>
    predictForward(adapter, judge.config, scoringShape(judge.config)),
  );
  return [
    memory.bytes,
    sequences === undefined ? 0 : predictGeneration(adapter, config, { sequences, storage: 'f32' }, model),
    ...judges,
  ].reduce((sum, bytes) => sum + bytes, 0);
}

/** The tokens that a stage samples, at most. Sampling a token takes about as long as training on one. */
function sampledTokens({ recipe: { reinforce }, data, rollouts, steps, evaluationSteps }: StagePlan): number {
  if (reinforce === null || rollouts === null) return 0;
  const drawn = Math.ceil(steps / reinforce.updates) * rollouts().completions;
  const prompts = data.heldOut.length > 0 ? data.heldOut : data.train;
  const measured = Math.min(measuredPrompts, prompts.length) * reinforce.group;
  return reinforce.longest * (drawn + measured * (1 + Math.ceil(steps / evaluationSteps)));
}

/** The time of a stage's measurements, in steps: a forward pass takes about a third of a step. */
function measuringSteps({ data, baseText, shape, steps, evaluationSteps }: StagePlan): number {
  const batches = (windows: number) => Math.min(measuredBatches, Math.ceil(windows / shape.batch));
  const baseWindows = (baseText?.heldOut.length ?? 0) / shape.sequence;
  const measurements = 1 + Math.ceil(steps / evaluationSteps);
  return (measurements * (batches(data.heldOut.length) + batches(baseWindows))) / 3;
}
