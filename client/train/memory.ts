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
  /** Batches whose gradients make up one step; a step's batch then has as many times the rows. */
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

/**
 * What a trainer takes while it steps and saves, from the plan that it would allocate by. `parts.weights` is the half
 * precision copy of the parameters. Throws TapestryError `device.too-small` where the adapter cannot bind a layer: its next
 * step is the accumulation that could.
 */
export function predictMemory(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  options: MemoryOptions = {},
): MemoryPrediction {
  try {
    return predictBatch(adapter, config, shape, settings, options);
  } catch (error) {
    const tooSmall = error instanceof TapestryError && error.code === 'device.too-small';
    const parts = tooSmall ? fittingParts(adapter, config, shape, settings, options) : undefined;
    if (!tooSmall || parts === undefined) throw error;
    const windows = shape.batch * (options.accumulation ?? 1);
    const accumulation = parts * (options.accumulation ?? 1);
    const next = `train ${windows} windows as ${accumulation} parts of ${shape.batch / parts}: --accumulation ${accumulation}`;
    throw new TapestryError(error.code, error.message, next);
  }
}

/** Into how many equal parts a batch must be cut for one to fit; undefined where a single window does not. */
function fittingParts(
  adapter: Adapter,
  config: ModelConfig,
  { batch, sequence }: BatchShape,
  settings: OptimizerSettings,
  options: MemoryOptions,
): number | undefined {
  for (let parts = 2; parts <= batch; parts++) {
    if (batch % parts !== 0) continue;
    try {
      predictBatch(adapter, config, { batch: batch / parts, sequence }, settings, options);
      return parts;
    } catch (error) {
      if (!(error instanceof TapestryError && error.code === 'device.too-small')) throw error;
    }
  }
  return undefined;
}

function predictBatch(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  { storage = 'f32', accumulation = 1, recompute = false }: MemoryOptions,
): MemoryPrediction {
  const layout = layoutOf(config);
  const { allocator, bytes } = openLedger(adapter);
  const memory = makeMemory(allocator, config, layout, settings, shape, { storage, parts: accumulation });
  const accumulate = accumulation > 1;
  const how = { storage, shape, settings, accumulate, recompute, growthInterval: 0, choices: new Map() };
  const step = recordStep(adapter, config, layout, memory, how);
  for (const program of [step.program, step.update]) program.allocate(allocator);
  const of = (...labels: string[]) => labels.reduce((sum, label) => sum + (bytes.get(label) ?? 0), 0);
  const { vectors, buffers } = memory;
  // What `loss`, `evaluate` and `save` read through.
  const read = [buffers.stepLosses, buffers.losses, buffers.scaling];
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
