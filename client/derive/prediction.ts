import type { Adapter, Device } from '../gpu/device.ts';
import type { Chooser } from '../gpu/program.ts';
import { measureCost } from '../train/choose-preset.ts';
import { predictMemory } from '../train/memory.ts';
import { measuredBatches } from './build/run-stage.ts';
import type { StagePlan } from './build/stage-plan.ts';
import type { BuildInputs } from './inputs.ts';

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
    const step = (cost * model.layout.trained * shape.batch * shape.sequence) / 1000;
    return { ...predicted, seconds: step * (steps + measuringSteps(predicted.stage)) };
  });
}

/** Predicted bytes of a stage on an adapter. Throws the errors of `planStep`. */
export function stageBytes(adapter: Adapter, { config, shape, optimizer, trainer }: StagePlan): number {
  return predictMemory(adapter, config, shape, optimizer, trainer).bytes;
}

/** The time of a stage's measurements, in steps: a forward pass takes about a third of a step. */
function measuringSteps({ data, baseText, shape, steps, evaluationSteps }: StagePlan): number {
  const batches = (windows: number) => Math.min(measuredBatches, Math.ceil(windows / shape.batch));
  const baseWindows = (baseText?.heldOut.length ?? 0) / shape.sequence;
  const measurements = 1 + Math.ceil(steps / evaluationSteps);
  return (measurements * (batches(data.heldOut.length) + batches(baseWindows))) / 3;
}
