import type { Batch, BatchShape } from '../data/batch.ts';
import { TapestryError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { FlatVector } from '../gpu/flat-vector.ts';
import { type Program, ProgramBuilder, whole } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import type { ModelConfig } from '../model/config.ts';
import { checkShape, decoderBackward, decoderForward, rotationTable } from '../model/decoder.ts';
import { alignment, cutsOf, layoutOf, type ParameterLayout } from '../model/parameters.ts';
import { BatchBuffers } from './batch-buffers.ts';
import { decayBlocks, recordUpdate, stepValueCount, writeStepValues } from './optimizer.ts';
import type { OptimizerSettings, TrainerState } from './training.ts';

/** The flat vectors that live as long as the trainer. */
type TrainerVectors = Readonly<
  Record<'parameters' | 'gradient' | 'firstMoment' | 'secondMoment', FlatVector>
>;

/** The other buffers that do, besides the batch's. */
type TrainerBuffers = Readonly<
  Record<'decays' | 'clipping' | 'rotation' | 'stepValues' | 'losses' | 'stepLosses', GPUBuffer>
>;

/**
 * Trains one model on one device. A step is a program recorded once: writes of the batch and a few scalars, one
 * compute pass, one submit. Same adapter, same state, same batches: same bits. Once the device is lost, every promise
 * rejects with TapestryError `device.lost`.
 */
export class Trainer {
  readonly layout: ParameterLayout;
  readonly #device: Device;
  readonly #settings: OptimizerSettings;
  readonly #vectors: TrainerVectors;
  readonly #buffers: TrainerBuffers;
  readonly #batch: BatchBuffers;
  readonly #program: Program;
  /** How many of the program's dispatches are the forward pass. */
  readonly #forward: number;
  readonly #readback: Readback;
  readonly #stepValues = new Float32Array(stepValueCount);
  #step = 0;
  #counted = 0;

  private constructor(
    device: Device,
    layout: ParameterLayout,
    settings: OptimizerSettings,
    made: {
      vectors: TrainerVectors;
      buffers: TrainerBuffers;
      batch: BatchBuffers;
      program: Program;
      forward: number;
    },
  ) {
    this.layout = layout;
    this.#device = device;
    this.#settings = settings;
    this.#vectors = made.vectors;
    this.#buffers = made.buffers;
    this.#batch = made.batch;
    this.#program = made.program;
    this.#forward = made.forward;
    this.#readback = new Readback(device);
  }

  /**
   * Compiles the step and allocates its memory; parameters and moments are zero until `load`.
   * Throws TapestryError `config.shape`, `shader.invalid` or `device.too-small`.
   */
  static async create(
    device: Device,
    config: ModelConfig,
    shape: BatchShape,
    settings: OptimizerSettings,
  ): Promise<Trainer> {
    checkShape(config);
    const layout = layoutOf(config);
    device.device.pushErrorScope('out-of-memory');
    device.device.pushErrorScope('validation');
    const vectors = makeVectors(device.device, layout);
    const buffers = makeBuffers(device.device, config, layout, shape);
    const batch = new BatchBuffers(device, shape, config.vocabularySize);
    const builder = new ProgramBuilder(device);
    const { parameters, gradient } = vectors;
    const rotation = whole(buffers.rotation);
    const flat = { parameters, weights: parameters, gradient, accumulate: false };
    const context = { program: builder, config, layout, ...shape, ...flat, rotation };
    const { tokens, targets, order, starts } = batch;
    const stepValues = whole(buffers.stepValues);
    const bindings = { tokens, targets, order, starts, stepValues, losses: whole(buffers.losses) };
    const record = decoderForward(context, bindings);
    const forward = builder.length;
    decoderBackward(context, bindings, record);
    const { maxStorageBufferBindingSize } = device.device.limits;
    const decays = whole(buffers.decays);
    const clipping = whole(buffers.clipping);
    recordUpdate(builder, { ...vectors, decays, clipping, stepValues }, maxStorageBufferBindingSize);
    const problems = [device.device.popErrorScope(), device.device.popErrorScope()];
    const program = await builder.build();
    for (const problem of await Promise.all(problems)) if (problem) throw tooSmall(problem.message);
    return new Trainer(device, layout, settings, { vectors, buffers, batch, program, forward });
  }

  get dispatchesPerStep(): number {
    return this.#program.length;
  }

  /** Replaces parameters, moments and step count. Throws TapestryError `state.length`. */
  load({ step, parameters, firstMoment, secondMoment }: TrainerState): void {
    this.#write('firstMoment', firstMoment);
    this.#write('secondMoment', secondMoment);
    this.setParameters(parameters);
    this.#step = step;
  }

  /** The state after the last step queued before the call. */
  async save(): Promise<TrainerState> {
    const step = this.#step;
    // All three copies are queued here, before anything else can be.
    const [parameters, firstMoment, secondMoment] = await Promise.all([
      this.#vectors.parameters.read(this.#readback),
      this.#vectors.firstMoment.read(this.#readback),
      this.#vectors.secondMoment.read(this.#readback),
    ]);
    return { step, parameters, firstMoment, secondMoment };
  }

  /** A new base; the moments stay (DiLoCo keeps the inner optimizer). Throws TapestryError `state.length`. */
  setParameters(parameters: Float32Array<ArrayBuffer>): void {
    this.#write('parameters', parameters);
  }

  parameters(): Promise<Float32Array<ArrayBuffer>> {
    return this.#vectors.parameters.read(this.#readback);
  }

  /** The gradient of the last step's mean loss over the flat layout, before clipping. */
  gradient(): Promise<Float32Array<ArrayBuffer>> {
    return this.#vectors.gradient.read(this.#readback);
  }

  /** Queues one step: gradient of the batch's mean loss, clipping, AdamW. Throws `batch.shape` or `batch.token`. */
  step(batch: Batch, learningRate: number): void {
    this.#counted = this.#batch.upload(batch);
    this.#step++;
    this.#run(this.#program.length, learningRate, this.#counted);
  }

  /** Mean nats a counted token of the last step; waits for it. 0 before any, or where no target counted. */
  async loss(): Promise<number> {
    const counted = this.#counted;
    const losses = await this.#read('stepLosses');
    return counted === 0 ? 0 : sum(losses) / counted;
  }

  /** Summed loss in nats and counted targets of a batch, without training on it. */
  async evaluate(batch: Batch): Promise<{ loss: number; tokens: number }> {
    const tokens = this.#batch.upload(batch);
    this.#run(this.#forward, 0, tokens);
    const losses = await this.#read('losses');
    return { loss: sum(losses), tokens };
  }

  /** Frees the memory; what is still pending rejects. */
  close(): void {
    this.#program.close();
    this.#batch.close();
    this.#readback.close();
    for (const vector of Object.values(this.#vectors)) vector.close();
    for (const buffer of Object.values(this.#buffers)) buffer.destroy();
  }

  #run(dispatches: number, learningRate: number, counted: number): void {
    const { device } = this.#device;
    const { losses, stepLosses, stepValues } = this.#buffers;
    const lossScale = 1 / Math.max(1, counted);
    writeStepValues(this.#stepValues, this.#settings, this.#step, learningRate, lossScale);
    device.queue.writeBuffer(stepValues, 0, this.#stepValues);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.#program.encode(pass, dispatches);
    pass.end();
    // A step's losses outlive an evaluation that comes before they are read.
    if (dispatches > this.#forward) encoder.copyBufferToBuffer(losses, 0, stepLosses, 0, losses.size);
    device.queue.submit([encoder.finish()]);
    this.#readback.submitted(dispatches);
  }

  #read(name: keyof TrainerBuffers): Promise<Float32Array<ArrayBuffer>> {
    return this.#readback.read(whole(this.#buffers[name]));
  }

  #write(name: 'parameters' | 'firstMoment' | 'secondMoment', values: Float32Array<ArrayBuffer>): void {
    if (values.length !== this.layout.length)
      throw new TapestryError(
        'state.length',
        `${name} has ${values.length} values where the model has ${this.layout.length}`,
        'load a state that was saved by a model of the same configuration',
      );
    this.#vectors[name].write(values);
  }
}

function makeVectors(device: GPUDevice, layout: ParameterLayout): TrainerVectors {
  const cuts = cutsOf(layout);
  const vector = (label: string) =>
    new FlatVector(device, { label, length: layout.length, bytesPerElement: 4, cuts });
  return {
    parameters: vector('parameters'),
    gradient: vector('gradient'),
    firstMoment: vector('first moment'),
    secondMoment: vector('second moment'),
  };
}

function makeBuffers(
  device: GPUDevice,
  config: ModelConfig,
  layout: ParameterLayout,
  { batch, sequence }: BatchShape,
): TrainerBuffers {
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const make = (label: string, elements: number, usage: number) => {
    const size = elements * 4;
    if (size > device.limits.maxBufferSize) throw tooSmall(`${label} needs ${size} bytes`);
    return device.createBuffer({ label, size, usage: usage | COPY_DST });
  };
  const rotation = rotationTable(config, sequence);
  const decays = decayBlocks(layout);
  const buffers: TrainerBuffers = {
    decays: make('decays', layout.length / alignment, STORAGE),
    clipping: make('clipping', 2, STORAGE),
    rotation: make('rotation', rotation.length, STORAGE),
    stepValues: make('step values', stepValueCount, UNIFORM),
    losses: make('losses', batch * sequence, STORAGE | COPY_SRC),
    stepLosses: make('step losses', batch * sequence, COPY_SRC),
  };
  device.queue.writeBuffer(buffers.rotation, 0, rotation);
  device.queue.writeBuffer(buffers.decays, 0, decays);
  return buffers;
}

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

function tooSmall(reason: string): TapestryError {
  return new TapestryError(
    'device.too-small',
    `the model does not fit this adapter: ${reason}`,
    'choose a smaller preset, batch or sequence',
  );
}
