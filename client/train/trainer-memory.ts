import type { Precision } from '../../shaders/shader.ts';
import type { BatchShape } from '../data/batch.ts';
import { type Allocator, tooSmall } from '../gpu/device.ts';
import { FlatVector } from '../gpu/flat-vector.ts';
import { AdapterMemory } from '../model/adapter/adapter-memory.ts';
import { packAdapter } from '../model/adapter/packed.ts';
import { type ModelConfig, paddedExtents } from '../model/config.ts';
import { rotationTable } from '../model/decoder.ts';
import { FrozenParameters } from '../model/frozen-parameters.ts';
import { alignment, cutsOf, type ParameterLayout } from '../model/parameters.ts';
import { BatchBuffers } from './batch-buffers.ts';
import type { Objective } from './objective.ts';
import { scalingWords } from './optimizer/loss-scaling.ts';
import { blockRules, clippingWords, stepValueCount } from './optimizer/optimizer.ts';
import type { TrainedPart } from './trained-part.ts';
import type { OptimizerSettings } from './training.ts';

/** The flat vectors over the layout of the trained parameters; they live as long as a trainer. */
export interface TrainerVectors {
  readonly parameters: FlatVector;
  /** The copy that kernels read matrices from; it is `parameters` itself with f32 storage, or if only an adapter is trained. */
  readonly weights: FlatVector;
  readonly gradient: FlatVector;
  readonly firstMoment: FlatVector;
  readonly secondMoment: FlatVector;
}

function makeVectors(
  device: Allocator,
  { trained: layout, trainsModel }: TrainedPart,
  storage: Precision,
): TrainerVectors {
  const cuts = cutsOf(layout);
  const vector = (label: string, bytesPerElement: 2 | 4) =>
    new FlatVector(device, { label, length: layout.length, bytesPerElement, cuts });
  const parameters = vector('parameters', 4);
  return {
    parameters,
    weights: storage === 'f16' && trainsModel ? vector('weights', 2) : parameters,
    gradient: vector('gradient', 4),
    firstMoment: vector('first moment', 4),
    secondMoment: vector('second moment', 4),
  };
}

/**
 * The other buffers that live as long as a trainer, besides the batch's. `stepResults` holds the last step's results: the
 * losses of all its parts, and the scaling.
 */
export type TrainerBuffers = Readonly<
  Record<'rules' | 'clipping' | 'scaling' | 'rotation' | 'stepValues' | 'losses' | 'stepResults', GPUBuffer>
>;

/** All memory that a step uses, besides its program's own. */
export interface TrainerMemory {
  readonly vectors: TrainerVectors;
  readonly frozen: FrozenParameters;
  readonly lora: AdapterMemory | undefined;
  readonly buffers: TrainerBuffers;
  readonly batch: BatchBuffers;
}

/** `parts`: the number of batches of `shape` in a step. Throws TapestryError `device.too-small`. */
export function makeMemory(
  device: Allocator,
  config: ModelConfig,
  part: TrainedPart,
  settings: OptimizerSettings,
  shape: BatchShape,
  {
    storage,
    ...batches
  }: {
    readonly storage: Precision;
    readonly parts: number;
    readonly objective: Objective | undefined;
  },
): TrainerMemory {
  const { trained, frozen, model, adapted } = part;
  const vectors = makeVectors(device, part, storage);
  const batch = new BatchBuffers(
    device,
    shape,
    { vocabulary: config.vocabularySize, tableRows: paddedExtents(config).vocabulary },
    batches,
  );
  const { draws } = batch.bindings;
  const dropout = part.dropout > 0 ? { rate: part.dropout, draws } : undefined;
  return {
    vectors,
    frozen: new FrozenParameters(device, frozen, storage, part.quantizesFrozen),
    lora:
      adapted.length > 0
        ? new AdapterMemory(
            device,
            packAdapter(model, adapted),
            { layout: trained, ...vectors },
            storage,
            dropout,
          )
        : undefined,
    buffers: makeBuffers(device, config, trained, settings, shape, batches.parts),
    batch,
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
