import type { Batch, BatchShape } from '../data/batch.ts';
import { allocate } from '../gpu/allocation.ts';
import { type Adapter, type Allocator, type Device, tooSmall } from '../gpu/device.ts';
import { openDryRunAllocator } from '../gpu/dry-run-allocator.ts';
import type { Choices } from '../gpu/operation.ts';
import { type Chooser, distinctSites, type Program, ProgramBuilder, whole } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import { Submitter } from '../gpu/submitter.ts';
import { type ModelConfig, paddedExtents } from '../model/config.ts';
import { checkShape, decoderForward, rotationTable } from '../model/decoder.ts';
import { FrozenParameters } from '../model/frozen-parameters.ts';
import { ModelParameters } from '../model/model-parameters.ts';
import { layoutOf } from '../model/parameters.ts';
import { BatchBuffers } from './batch-buffers.ts';

interface ForwardMemory {
  readonly frozen: FrozenParameters;
  readonly batch: BatchBuffers;
  readonly rotation: GPUBuffer;
  readonly losses: GPUBuffer;
}

/** The forward half of a step alone: a model that is read and not trained, without gradient, moments and kept activations. */
export class ForwardPass {
  readonly shape: BatchShape;
  readonly #memory: ForwardMemory;
  readonly #free: () => void;
  readonly #program: Program;
  readonly #submitter: Submitter;
  readonly #readback: Readback;

  private constructor(
    device: Device,
    shape: BatchShape,
    memory: ForwardMemory,
    free: () => void,
    program: Program,
  ) {
    this.shape = shape;
    this.#memory = memory;
    this.#free = free;
    this.#program = program;
    this.#submitter = new Submitter(device, program.bytes());
    this.#readback = new Readback(device);
  }

  /**
   * Copies `parameters` to the device and compiles the pass over batches of `shape`. Throws TapestryError `config.shape`,
   * `shader.invalid` or `device.too-small`.
   */
  static async create(
    device: Device,
    config: ModelConfig,
    shape: BatchShape,
    parameters: Float32Array<ArrayBuffer>,
    chooser: Chooser,
  ): Promise<ForwardPass> {
    checkShape(config);
    const { made: memory, free } = await allocate(device, (allocator) =>
      makeMemory(allocator, config, shape),
    );
    try {
      memory.frozen.write(parameters);
      const choices = await chooser(distinctSites(record(device, config, shape, memory, new Map()).sites));
      const program = await record(device, config, shape, memory, choices).build(device);
      return new ForwardPass(device, shape, memory, free, program);
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Replaces the parameters: the next passes are of another model of the same shape. */
  write(parameters: Float32Array<ArrayBuffer>): void {
    this.#memory.frozen.write(parameters);
  }

  /**
   * The log-probability, in nats, of every target of a batch: (rows), 0 if a row has no target. A model whose head gives scores
   * answers with the score of every row. Throws TapestryError `batch.shape`, `batch.token` or `batch.documents`; rejects with
   * `device.lost`.
   */
  async logProbabilities(batch: Batch): Promise<Float32Array<ArrayBuffer>> {
    const { batch: uploaded, losses } = this.#memory;
    uploaded.upload(batch, 1);
    this.#submitter.begin(this.#program.length);
    this.#submitter.copy((encoder) => uploaded.bind(encoder, 0));
    this.#submitter.encode(this.#program);
    this.#submitter.end();
    this.#readback.submitted(this.#program.length);
    // Subtracted from 0, because the negative of 0 would be -0.
    return (await this.#readback.read(whole(losses))).map((loss) => 0 - loss);
  }

  /** Frees the memory; pending promises reject. */
  close(): void {
    this.#program.close();
    this.#readback.close();
    this.#free();
  }
}

/** Predicted bytes of a forward pass on the device, with the staging buffer of its result. Throws `device.too-small`. */
export function predictForward(adapter: Adapter, config: ModelConfig, shape: BatchShape): number {
  const { allocator, bytes } = openDryRunAllocator(adapter);
  const memory = makeMemory(allocator, config, shape);
  record(adapter, config, shape, memory, new Map()).allocate(allocator);
  return [...bytes.values()].reduce((sum, size) => sum + size, memory.losses.size);
}

function makeMemory(device: Allocator, config: ModelConfig, shape: BatchShape): ForwardMemory {
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const make = (label: string, words: number, usage: number) => {
    const size = 4 * words;
    if (size > device.bufferBytes) throw tooSmall(`${label} needs ${size} bytes`);
    return device.device.createBuffer({ label, size, usage: usage | STORAGE });
  };
  const table = rotationTable(config, shape.sequence);
  const memory: ForwardMemory = {
    frozen: new FrozenParameters(device, layoutOf(config), 'f32'),
    batch: new BatchBuffers(
      device,
      shape,
      { vocabulary: config.vocabularySize, tableRows: paddedExtents(config).vocabulary },
      { parts: 1, objective: undefined },
    ),
    rotation: make('rotation', table.length, COPY_DST),
    losses: make('losses', shape.batch * shape.sequence, COPY_SRC),
  };
  device.device.queue.writeBuffer(memory.rotation, 0, table);
  return memory;
}

function record(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  { frozen, batch, rotation, losses }: ForwardMemory,
  choices: Choices,
): ProgramBuilder {
  const program = new ProgramBuilder(adapter, { storage: 'f32', choices });
  const parameters = new ModelParameters(undefined, frozen);
  const { documents, weights } = batch.bindings;
  // With late weights the head keeps no gradient, and reads neither weights nor scaling.
  const fixed = { documents, accumulate: false, recompute: false, lateWeights: true };
  const context = { program, config, ...shape, parameters, rotation: whole(rotation), ...fixed };
  decoderForward(context, { ...batch.bindings, scaling: weights, losses: whole(losses) });
  return program;
}
