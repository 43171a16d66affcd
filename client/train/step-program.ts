import type { BatchShape } from '../data/batch.ts';
import type { Adapter, Device } from '../gpu/device.ts';
import type { Choices, Storage } from '../gpu/operation.ts';
import { distinctSites, type Program, ProgramBuilder, type RecordedSite, whole } from '../gpu/program.ts';
import type { ModelConfig } from '../model/config.ts';
import { decoderBackward, decoderForward } from '../model/decoder.ts';
import type { ParameterLayout } from '../model/parameters.ts';
import { recordHalving } from './halve.ts';
import { recordUpdate } from './optimizer.ts';
import type { TrainerMemory } from './trainer-memory.ts';
import type { OptimizerSettings } from './training.ts';

export interface StepProgramOptions {
  readonly storage: Storage;
  readonly choices: Choices;
  readonly shape: BatchShape;
  readonly settings: OptimizerSettings;
  /** Whether gradients are added to what is there: a step then has several batches, and begins by clearing it. */
  readonly accumulate: boolean;
  /** Whether the backward pass computes each layer's activations once more instead of keeping them. */
  readonly recompute: boolean;
  readonly growthInterval: number;
}

/** A step before it is compiled. */
export interface StepRecording {
  readonly program: ProgramBuilder;
  readonly forward: number;
  readonly backward: number;
  readonly update: ProgramBuilder;
}

/** What a step runs, in this order; forward and backward once a batch of it. */
export interface StepProgram {
  readonly program: Program;
  /** The first dispatch of the forward pass, after what makes the weights, and of the backward pass. */
  readonly forward: number;
  readonly backward: number;
  /** Norm and update, in float32 whatever the storage. */
  readonly update: Program;
}

/** Records a training step. Throws TapestryError `device.too-small`. */
export function recordStep(
  adapter: Adapter,
  config: ModelConfig,
  layout: ParameterLayout,
  { vectors, buffers, batch }: TrainerMemory,
  { storage, choices, shape, settings, accumulate, recompute, growthInterval }: StepProgramOptions,
): StepRecording {
  const { parameters, weights, gradient } = vectors;
  const [stepValues, scaling] = [whole(buffers.stepValues), whole(buffers.scaling)];
  const { bindingBytes: maxBindingBytes } = adapter;

  const program = new ProgramBuilder(adapter, { storage, choices });
  if (weights !== parameters) recordHalving(program, parameters, weights, maxBindingBytes);
  const forward = program.length;
  const rotation = whole(buffers.rotation);
  const flat = { parameters, weights, gradient, accumulate, recompute };
  const context = { program, config, layout, ...shape, ...flat, rotation };
  const { tokens, targets, order, starts } = batch;
  const bindings = { tokens, targets, order, starts, stepValues, scaling, losses: whole(buffers.losses) };
  const record = decoderForward(context, bindings);
  const backward = program.length;
  decoderBackward(context, bindings, record);

  const update = new ProgramBuilder(adapter, { choices });
  const [rules, clipping] = [whole(buffers.rules), whole(buffers.clipping)];
  const options = { layout, settings, growthInterval, maxBindingBytes };
  recordUpdate(update, { ...vectors, rules, clipping, scaling, stepValues }, options);
  return { program, forward, backward, update };
}

/** What a recorded step runs, each operation on each shape once. */
export function sitesOf({ program, update }: StepRecording): RecordedSite[] {
  return distinctSites([...program.sites, ...update.sites]);
}

/** Compiles a recorded step. Throws TapestryError `shader.invalid` or `device.too-small`. */
export async function buildStep(
  device: Device,
  { program, forward, backward, update }: StepRecording,
): Promise<StepProgram> {
  const [built, builtUpdate] = await Promise.all([program.build(device), update.build(device)]);
  return { program: built, forward, backward, update: builtUpdate };
}
