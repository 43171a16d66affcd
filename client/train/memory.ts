import type { BatchShape } from '../data/batch.ts';
import { TapestryError } from '../errors.ts';
import type { Adapter } from '../gpu/device.ts';
import { openLedger } from '../gpu/ledger.ts';
import type { Storage } from '../gpu/operation.ts';
import type { ModelConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { recordStep } from './step-program.ts';
import { makeMemory } from './trainer-memory.ts';
import type { OptimizerSettings } from './training.ts';

/** What decides how much memory training takes, besides the model and the batch. */
export interface MemoryOptions {
  /** How activations and the weights that kernels read are kept. Parameters, moments and gradients are float32 always. */
  readonly storage?: Storage;
  /** Equal parts of a step's batch that are worked on one after the other; the fewest that fit, unless it is said. */
  readonly accumulation?: number;
  /** Whether the backward pass computes each layer's activations once more instead of keeping them; the same bits. */
  readonly recompute?: boolean;
}

/** Bytes on the device. */
export interface MemoryPrediction {
  readonly bytes: number;
  readonly parts: Readonly<
    Record<'parameters' | 'weights' | 'gradient' | 'moments' | 'activations' | 'staging' | 'other', number>
  >;
}

/** How a step goes over its batch: `parts` times a batch of the shape `part`, whose gradients add up. */
export interface StepPlan {
  readonly part: BatchShape;
  readonly parts: number;
  readonly memory: MemoryPrediction;
}

/**
 * Cuts a step's batch of `shape` into the parts that were asked for, or into the fewest that the adapter can bind. Throws
 * TapestryError `batch.parts` where windows would be left over, and `device.too-small` where not even one window fits.
 */
export function planStep(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  options: MemoryOptions = {},
): StepPlan {
  const { batch, sequence } = shape;
  const plan = (parts: number): StepPlan => {
    const part = { batch: batch / parts, sequence };
    return { part, parts, memory: predictPart(adapter, config, part, settings, parts, options) };
  };
  const { accumulation } = options;
  if (accumulation !== undefined) {
    if (batch % accumulation === 0) return plan(accumulation);
    throw new TapestryError(
      'batch.parts',
      `${batch} windows cannot be cut into ${accumulation} equal parts`,
      'choose a number that divides the windows of a step',
    );
  }
  const counts = Array.from({ length: batch }, (_, i) => i + 1).filter((parts) => batch % parts === 0);
  for (const parts of counts) {
    try {
      return plan(parts);
    } catch (error) {
      const tooSmall = error instanceof TapestryError && error.code === 'device.too-small';
      if (!tooSmall || parts === batch) throw error;
    }
  }
  throw new RangeError('a batch has at least one window');
}

/**
 * What a trainer takes while it steps and saves, from the plan that it would allocate by. `parts.weights` is the half
 * precision copy of the parameters. Throws as `planStep`.
 */
export function predictMemory(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  options: MemoryOptions = {},
): MemoryPrediction {
  return planStep(adapter, config, shape, settings, options).memory;
}

/** Records a step that goes over its batch in `parts` of a shape, without anything being made on the adapter. */
export function recordPart(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  parts: number,
  { storage = 'f32', recompute = false }: MemoryOptions,
) {
  const layout = layoutOf(config);
  const ledger = openLedger(adapter);
  const memory = makeMemory(ledger.allocator, config, layout, settings, shape, { storage, parts });
  const accumulate = parts > 1;
  const how = { storage, shape, settings, accumulate, recompute, growthInterval: 0, choices: new Map() };
  return { ledger, memory, step: recordStep(adapter, config, layout, memory, how) };
}

function predictPart(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  parts: number,
  options: MemoryOptions,
): MemoryPrediction {
  const { ledger, memory, step } = recordPart(adapter, config, shape, settings, parts, options);
  const { allocator, bytes } = ledger;
  for (const program of [step.program, step.update]) program.allocate(allocator);
  const of = (...labels: string[]) => labels.reduce((sum, label) => sum + (bytes.get(label) ?? 0), 0);
  const { vectors, buffers } = memory;
  // What `loss`, `evaluate` and `save` read through.
  const read = [buffers.stepResults, buffers.losses, buffers.scaling];
  const saved = [vectors.parameters, vectors.firstMoment, vectors.secondMoment];
  const staging =
    read.reduce((sum, { size }) => sum + size, 0) +
    saved.reduce((sum, vector) => sum + vector.stagingBytes, 0);
  const named = {
    parameters: of('parameters'),
    weights: of('weights'),
    gradient: of('gradient'),
    moments: of('first moment', 'second moment'),
    activations: of('activations'),
  };
  const total = [...bytes.values()].reduce((sum, size) => sum + size, staging);
  const known = Object.values(named).reduce((sum, size) => sum + size, staging);
  return { bytes: total, parts: { ...named, staging, other: total - known } };
}
