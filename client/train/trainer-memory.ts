import type { BatchShape } from '../data/batch.ts';
import { type Allocator, tooSmall } from '../gpu/device.ts';
import { FlatVector } from '../gpu/flat-vector.ts';
import type { Storage } from '../gpu/operation.ts';
import type { ModelConfig } from '../model/config.ts';
import { rotationTable } from '../model/decoder.ts';
import { alignment, cutsOf, type ParameterLayout } from '../model/parameters.ts';
import { BatchBuffers } from './batch-buffers.ts';
import { blockRules, clippingWords, stepValueCount } from './optimizer.ts';
import { scalingWords } from './scaling.ts';
import type { OptimizerSettings } from './training.ts';

/** The flat vectors that live as long as a trainer. */
export interface TrainerVectors {
  readonly parameters: FlatVector;
  /** The parameters as kernels read matrices: in float32 they themselves. */
  readonly weights: FlatVector;
  readonly gradient: FlatVector;
  readonly firstMoment: FlatVector;
  readonly secondMoment: FlatVector;
}

function makeVectors(device: Allocator, layout: ParameterLayout, storage: Storage): TrainerVectors {
  const cuts = cutsOf(layout);
  const vector = (label: string, bytesPerElement: 2 | 4) =>
    new FlatVector(device, { label, length: layout.length, bytesPerElement, cuts });
  const parameters = vector('parameters', 4);
  return {
    parameters,
    weights: storage === 'f16' ? vector('weights', 2) : parameters,
    gradient: vector('gradient', 4),
    firstMoment: vector('first moment', 4),
    secondMoment: vector('second moment', 4),
  };
}

/**
 * The other buffers that live as long as a trainer, besides the batch's. `stepResults` is what the last step left to read:
 * the losses of all its parts, and the scaling.
 */
export type TrainerBuffers = Readonly<
  Record<'rules' | 'clipping' | 'scaling' | 'rotation' | 'stepValues' | 'losses' | 'stepResults', GPUBuffer>
>;

/** All that a step works on, besides its program's own memory. */
export interface TrainerMemory {
  readonly vectors: TrainerVectors;
  readonly buffers: TrainerBuffers;
  readonly batch: BatchBuffers;
}

/** `parts`: how many batches of `shape` make up a step. Throws TapestryError `device.too-small`. */
export function makeMemory(
  device: Allocator,
  config: ModelConfig,
  layout: ParameterLayout,
  settings: OptimizerSettings,
  shape: BatchShape,
  { storage, parts }: { readonly storage: Storage; readonly parts: number },
): TrainerMemory {
  return {
    vectors: makeVectors(device, layout, storage),
    buffers: makeBuffers(device, config, layout, settings, shape, parts),
    batch: new BatchBuffers(device, shape, config.vocabularySize, parts),
  };
}

function makeBuffers(
  { device, bufferBytes }: Allocator,
  config: ModelConfig,
  layout: ParameterLayout,
  settings: OptimizerSettings,
  { batch, sequence }: BatchShape,
  parts: number,
): TrainerBuffers {
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const make = (label: string, words: number, usage: number) => {
    const size = words * 4;
    if (size > bufferBytes) throw tooSmall(`${label} needs ${size} bytes`);
    return device.createBuffer({ label, size, usage: usage | COPY_DST });
  };
  const rotation = rotationTable(config, sequence);
  const buffers: TrainerBuffers = {
    rules: make('rules', layout.length / alignment, STORAGE),
    clipping: make('clipping', clippingWords, STORAGE | COPY_SRC),
    scaling: make('scaling', scalingWords, STORAGE | COPY_SRC),
    rotation: make('rotation', rotation.length, STORAGE),
    stepValues: make('step values', stepValueCount, UNIFORM),
    losses: make('losses', batch * sequence, STORAGE | COPY_SRC),
    stepResults: make('step results', parts * batch * sequence + scalingWords, COPY_SRC),
  };
  device.queue.writeBuffer(buffers.rotation, 0, rotation);
  device.queue.writeBuffer(buffers.rules, 0, blockRules(layout, settings));
  return buffers;
}
