import type { BatchShape } from '../data/batch.ts';
import type { Device } from '../gpu/device.ts';
import type { Choices, Storage } from '../gpu/operation.ts';
import { type Program, ProgramBuilder, whole } from '../gpu/program.ts';
import type { ModelConfig } from '../model/config.ts';
import { decoderBackward, decoderForward } from '../model/decoder.ts';
import type { ParameterLayout } from '../model/parameters.ts';
import type { BatchBuffers } from './batch-buffers.ts';
import { recordHalving } from './halve.ts';
import { recordUpdate } from './optimizer.ts';
import type { TrainerBuffers, TrainerVectors } from './trainer-memory.ts';
import type { OptimizerSettings } from './training.ts';

export interface StepProgramOptions {
  readonly storage: Storage;
  readonly choices: Choices;
  readonly shape: BatchShape;
  readonly settings: OptimizerSettings;
  /** Whether gradients are added to what is there: a step then has several batches, and begins by clearing it. */
  readonly accumulate: boolean;
  readonly growthInterval: number;
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

/** Compiles a training step. Throws TapestryError `shader.invalid` or `device.too-small`. */
export async function buildStep(
  device: Device,
  config: ModelConfig,
  layout: ParameterLayout,
  memory: { vectors: TrainerVectors; buffers: TrainerBuffers; batch: BatchBuffers },
  { storage, choices, shape, settings, accumulate, growthInterval }: StepProgramOptions,
): Promise<StepProgram> {
  const { vectors, buffers, batch } = memory;
  const { parameters, weights, gradient } = vectors;
  const [stepValues, scaling] = [whole(buffers.stepValues), whole(buffers.scaling)];
  const maxBindingBytes = device.device.limits.maxStorageBufferBindingSize;

  const program = new ProgramBuilder(device, { storage, choices });
  if (weights !== parameters) recordHalving(program, parameters, weights, maxBindingBytes);
  const forward = program.length;
  const rotation = whole(buffers.rotation);
  const flat = { parameters, weights, gradient, accumulate };
  const context = { program, config, layout, ...shape, ...flat, rotation };
  const { tokens, targets, order, starts } = batch;
  const bindings = { tokens, targets, order, starts, stepValues, scaling, losses: whole(buffers.losses) };
  const record = decoderForward(context, bindings);
  const backward = program.length;
  decoderBackward(context, bindings, record);

  const update = new ProgramBuilder(device, { choices });
  const [rules, clipping] = [whole(buffers.rules), whole(buffers.clipping)];
  const options = { layout, settings, growthInterval, maxBindingBytes };
  recordUpdate(update, { ...vectors, rules, clipping, scaling, stepValues }, options);
  const [built, builtUpdate] = await Promise.all([program.build(), update.build()]);
  return { program: built, forward, backward, update: builtUpdate };
}
