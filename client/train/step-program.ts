import type { Precision } from '../../shaders/shader.ts';
import type { BatchShape } from '../data/batch.ts';
import { allOrNone } from '../gpu/allocation.ts';
import type { Adapter, Device } from '../gpu/device.ts';
import type { Choices } from '../gpu/operation.ts';
import { distinctSites, type Program, ProgramBuilder, type RecordedSite, whole } from '../gpu/program.ts';
import type { ModelConfig } from '../model/config.ts';
import { decoderBackward, decoderForward } from '../model/decoder.ts';
import { ModelParameters } from '../model/model-parameters.ts';
import { readable } from '../model/quantized/quantized-matrices.ts';
import { recordCastF16 } from './cast-f16.ts';
import type { Objective } from './objective.ts';
import { recordUpdate } from './optimizer/optimizer.ts';
import type { TrainedPart } from './trained-part.ts';
import type { TrainerMemory } from './trainer-memory.ts';
import type { OptimizerSettings } from './training.ts';

export interface StepProgramOptions {
  readonly storage: Precision;
  readonly choices: Choices;
  readonly shape: BatchShape;
  readonly settings: OptimizerSettings;
  /** True if a step sums the gradients of several batches; the step then starts by clearing the gradient. */
  readonly accumulate: boolean;
  /** True if the backward pass recomputes each layer's activations instead of keeping them. */
  readonly recompute: boolean;
  readonly growthInterval: number;
  readonly objective: Objective | undefined;
}

/** A recorded step, before compilation. */
export interface StepRecording {
  readonly program: ProgramBuilder;
  readonly forward: number;
  readonly objective: number;
  readonly backward: number;
  readonly update: ProgramBuilder;
}

/** The programs of a step, in their order; forward and backward run once for each of its batches. */
export interface StepProgram {
  readonly program: Program;
  /** The first dispatch of the forward pass, which follows the copies of the trained parameters. */
  readonly forward: number;
  /** The first dispatch of the objective's kernels, and of the backward pass; equal without an objective. */
  readonly objective: number;
  readonly backward: number;
  /** Norm and update, always in float32. */
  readonly update: Program;
}

/** The model that a trainer's memory holds. */
export function modelOf(
  { trained: layout }: TrainedPart,
  { vectors: { parameters, weights, gradient }, frozen, lora }: TrainerMemory,
): ModelParameters {
  return new ModelParameters({ layout, parameters, weights, gradient }, frozen, lora);
}

/** Records a training step. Throws TapestryError `device.too-small`. */
export function recordStep(
  adapter: Adapter,
  config: ModelConfig,
  part: TrainedPart,
  memory: TrainerMemory,
  options: StepProgramOptions,
): StepRecording {
  const { storage, choices, shape, settings, accumulate, recompute, growthInterval, objective } = options;
  const { vectors, lora, buffers, batch } = memory;
  const { trained: layout } = part;
  const { parameters, weights } = vectors;
  const [stepValues, scaling] = [whole(buffers.stepValues), whole(buffers.scaling)];
  const { bindingBytes: maxBindingBytes } = adapter;

  const program = new ProgramBuilder(adapter, { storage, choices });
  if (weights !== parameters) recordCastF16(program, parameters, weights, maxBindingBytes);
  const model = modelOf(part, memory);
  lora?.recordPack(program, (names) => readable(program, model.matrix(...names).values));
  const forward = program.length;
  const rotation = whole(buffers.rotation);
  const { documents } = batch.bindings;
  const lateWeights = objective !== undefined;
  const fixed = { rotation, documents, accumulate, recompute, lateWeights };
  const context = { program, config, ...shape, parameters: model, ...fixed };
  const bindings = { ...batch.bindings, scaling, losses: whole(buffers.losses) };
  const record = decoderForward(context, bindings);
  const forwardEnd = program.length;
  const { weights: rowWeights } = batch.bindings;
  const values = batch.objectiveValues;
  objective?.record(program, shape, { losses: bindings.losses, weights: rowWeights, values });
  const backward = program.length;
  decoderBackward(context, bindings, record);

  const update = new ProgramBuilder(adapter, { choices });
  lora?.recordUnpack(update);
  const [rules, clipping] = [whole(buffers.rules), whole(buffers.clipping)];
  const how = { layout, settings, growthInterval, maxBindingBytes };
  recordUpdate(update, { ...vectors, rules, clipping, scaling, stepValues }, how);
  return { program, forward, objective: forwardEnd, backward, update };
}

/** The sites of a recorded step: each operation on each shape once. */
export function sitesOf({ program, update }: StepRecording): RecordedSite[] {
  return distinctSites([...program.sites, ...update.sites]);
}

/** Compiles a recorded step. Throws TapestryError `shader.invalid` or `device.too-small`. */
export async function buildStep(
  device: Device,
  { program, update, ...places }: StepRecording,
): Promise<StepProgram> {
  const [built, builtUpdate] = await allOrNone([program.build(device), update.build(device)]);
  return { ...places, program: built, update: builtUpdate };
}
