import type { Precision } from '../../shaders/shader.ts';
import type { BatchShape } from '../data/batch.ts';
import { TapestryError } from '../errors.ts';
import { type Adapter, isTooSmall } from '../gpu/device.ts';
import { openDryRunAllocator } from '../gpu/dry-run-allocator.ts';
import type { ModelConfig } from '../model/config.ts';
import type { ModelParameters } from '../model/model-parameters.ts';
import type { Objective } from './objective.ts';
import { modelOf, recordStep, type StepRecording } from './step-program.ts';
import { type TrainedOptions, trainedPart } from './trained-part.ts';
import { makeMemory, type TrainerMemory } from './trainer-memory.ts';
import type { OptimizerSettings } from './training.ts';

/** Options that, besides the model and the batch, determine how much memory training takes. */
export interface MemoryOptions extends TrainedOptions {
  /** Precision of activations and of the weights that kernels read. Parameters, moments and gradients are always float32. */
  readonly storage?: Precision;
  /** Number of equal parts of a step's batch, computed one after the other; by default the fewest that fit. */
  readonly accumulation?: number;
  /** True if the backward pass recomputes each layer's activations instead of keeping them; the bits are the same. */
  readonly recompute?: boolean;
  /** Kernels of the losses that batches may have; see `Batch.objective`. */
  readonly objective?: Objective;
}

/** Predicted bytes on the device. */
export interface MemoryPrediction {
  readonly bytes: number;
  readonly parts: Readonly<
    Record<
      'parameters' | 'frozen' | 'weights' | 'gradient' | 'moments' | 'activations' | 'staging' | 'other',
      number
    >
  >;
}

/** How a step splits its batch: `parts` batches of the shape `part`, whose gradients are summed. */
export interface StepPlan {
  readonly part: BatchShape;
  readonly parts: number;
  readonly memory: MemoryPrediction;
  /** The step as it was recorded to predict its memory, on buffers that were never allocated. */
  readonly step: StepRecording;
  /** The model that the step trains, to predict what others take that read it. */
  readonly model: ModelParameters;
}

/**
 * Splits a step's batch of `shape` into `accumulation` parts or, by default, the fewest that the adapter can bind, and records the step.
 * Allocates nothing on the adapter. Throws TapestryError `batch.parts` if the parts would not be equal, and `device.too-small` if not even one
 * window fits.
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
    return { part, parts, ...recordPart(adapter, config, part, settings, parts, options) };
  };
  const { accumulation } = options;
  if (accumulation !== undefined) {
    if (batch % accumulation === 0) return plan(accumulation);
    throw new TapestryError(
      'batch.parts',
      `${batch} windows cannot be split into ${accumulation} equal parts`,
      'choose a number that divides the number of windows in a step',
    );
  }
  const counts = Array.from({ length: batch }, (_, i) => i + 1).filter((parts) => batch % parts === 0);
  for (const parts of counts) {
    try {
      return plan(parts);
    } catch (error) {
      if (!isTooSmall(error) || parts === batch) throw error;
    }
  }
  throw new RangeError('a batch has at least one window');
}

/**
 * Memory of a trainer while it steps and saves, from the same plan by which it allocates. `parts.weights` is the half
 * precision copy of the trained parameters (`parts.parameters`), and an adapter's packed matrices. Throws the errors of `planStep`.
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

/** Records a step with a batch of `parts` parts of a shape, and predicts its memory. */
function recordPart(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  parts: number,
  options: MemoryOptions,
): Pick<StepPlan, 'memory' | 'step' | 'model'> {
  const { storage = 'f32', recompute = false, objective } = options;
  const layout = trainedPart(config, options);
  const dryRun = openDryRunAllocator(adapter);
  const memory = makeMemory(dryRun.allocator, config, layout, settings, shape, { storage, parts, objective });
  const accumulate = parts > 1;
  const fixed = { accumulate, recompute, objective, growthInterval: 0, choices: new Map() };
  const how = { storage, shape, settings, ...fixed };
  const step = recordStep(adapter, config, layout, memory, how);
  for (const program of [step.program, step.update]) program.allocate(dryRun.allocator);
  return { memory: predictionOf(dryRun.bytes, memory), step, model: modelOf(layout, memory) };
}

/** The prediction of a step whose buffers take these bytes, by label. */
function predictionOf(bytes: ReadonlyMap<string, number>, { vectors, buffers }: TrainerMemory) {
  const of = (...labels: string[]) => labels.reduce((sum, label) => sum + (bytes.get(label) ?? 0), 0);
  // The staging buffers of `loss`, `logProbabilities` and `save`.
  const read = [buffers.stepResults, buffers.losses, buffers.scaling];
  const saved = [vectors.parameters, vectors.firstMoment, vectors.secondMoment];
  const staging =
    read.reduce((sum, { size }) => sum + size, 0) +
    saved.reduce((sum, vector) => sum + vector.stagingBytes, 0);
  const named = {
    parameters: of('parameters'),
    frozen: of('frozen'),
    weights: of('weights', 'adapter'),
    gradient: of('gradient'),
    moments: of('first moment', 'second moment'),
    activations: of('activations'),
  };
  const total = [...bytes.values()].reduce((sum, size) => sum + size, staging);
  const known = Object.values(named).reduce((sum, size) => sum + size, staging);
  return { bytes: total, parts: { ...named, staging, other: total - known } };
}
