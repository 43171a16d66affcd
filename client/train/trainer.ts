import type { Batch, BatchShape } from '../data/batch.ts';
import { TapestryError } from '../errors.ts';
import { type Device, requireStorage, tooSmall } from '../gpu/device.ts';
import type { FlatVector } from '../gpu/flat-vector.ts';
import { type KernelRecord, recordKernels } from '../gpu/kernel-record.ts';
import type { Choices } from '../gpu/operation.ts';
import { type Chooser, whole } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import { Submitter } from '../gpu/submitter.ts';
import type { ModelConfig } from '../model/config.ts';
import { checkShape } from '../model/decoder.ts';
import { layoutOf, type ParameterLayout } from '../model/parameters.ts';
import { type MemoryOptions, type MemoryPrediction, planStep } from './memory.ts';
import { lossScaleOfClipping, stepValueCount, writeStepValues } from './optimizer.ts';
import { checkFinite, decodeScaling, encodeScaling, scalingAfter, scalingWords } from './scaling.ts';
import { buildStep, recordStep, type StepProgram, sitesOf } from './step-program.ts';
import { makeMemory, type TrainerBuffers, type TrainerMemory } from './trainer-memory.ts';
import type { LossScaling, OptimizerSettings, Scaling, TrainerState } from './training.ts';

export interface TrainerOptions extends MemoryOptions {
  /** Of f16 storage. */
  readonly lossScaling?: LossScaling;
  /** Kernels that were measured to be best, or what measures them; the others are guessed. */
  readonly choices?: Choices | Chooser;
}

const usualScaling: LossScaling = { initialScale: 65_536, growthInterval: 2000 };

interface Made extends TrainerMemory {
  readonly settings: OptimizerSettings;
  readonly parts: number;
  /** The loss scale before the first step. */
  readonly initialScale: number;
  readonly predicted: MemoryPrediction;
  readonly kernels: KernelRecord;
  readonly step: StepProgram;
}

/**
 * Trains one model on one device. A step is a program recorded once: writes of the batch and a few scalars, then one
 * submit, or several where it is long for a graphics card. Same adapter, same choices, same state, same batches: same
 * bits. Once the device is lost, every promise rejects with TapestryError `device.lost`.
 */
export class Trainer {
  readonly layout: ParameterLayout;
  readonly #device: Device;
  readonly #made: Made;
  readonly #readback: Readback;
  readonly #submitter: Submitter;
  readonly #stepValues = new Float32Array(stepValueCount);
  #step = 0;
  #counted = 0;
  /** Vectors that are being read, piece by piece: meanwhile nothing may change them. */
  #reading = 0;

  private constructor(device: Device, layout: ParameterLayout, made: Made) {
    this.layout = layout;
    this.#device = device;
    this.#made = made;
    this.#readback = new Readback(device);
    const { parts, step } = made;
    const again = Array.from({ length: parts - 1 }, () => step.program.bytes(step.forward)).flat();
    this.#submitter = new Submitter(device, [...step.program.bytes(), ...again, ...step.update.bytes()]);
  }

  /**
   * Compiles the step and allocates its memory; parameters and moments are zero until `load`.
   * `shape` is that of a step's whole batch, which goes by in parts where the adapter cannot bind it at once.
   * Throws TapestryError `config.shape`, `shader.invalid`, `device.too-small`, `device.no-f16` or `batch.parts`.
   */
  static async create(
    device: Device,
    config: ModelConfig,
    shape: BatchShape,
    settings: OptimizerSettings,
    options: TrainerOptions = {},
  ): Promise<Trainer> {
    const { storage = 'f32', recompute = false, lossScaling = usualScaling, choices = new Map() } = options;
    checkShape(config);
    requireStorage(device, storage);
    const { initialScale, growthInterval } =
      storage === 'f16' ? lossScaling : { initialScale: 1, growthInterval: 0 };
    const layout = layoutOf(config);
    const { part, parts, memory: predicted } = planStep(device, config, shape, settings, options);
    device.device.pushErrorScope('out-of-memory');
    device.device.pushErrorScope('validation');
    const memory = makeMemory(device, config, layout, settings, part, { storage, parts });
    const problems = [device.device.popErrorScope(), device.device.popErrorScope()];
    for (const problem of await Promise.all(problems)) if (problem) throw tooSmall(problem.message);
    const how = { storage, shape: part, settings, accumulate: parts > 1, recompute, growthInterval };
    const record = (chosen: Choices) =>
      recordStep(device, config, layout, memory, { ...how, choices: chosen });
    const chosen = typeof choices === 'function' ? await choices(sitesOf(record(new Map()))) : choices;
    const recorded = record(chosen);
    const kernels = recordKernels(device, sitesOf(recorded), chosen);
    const step = await buildStep(device, recorded);
    const trainer = new Trainer(device, layout, {
      settings,
      parts,
      initialScale,
      predicted,
      ...memory,
      kernels,
      step,
    });
    trainer.#writeScaling(scalingAfter(0, settings, initialScale));
    return trainer;
  }

  get dispatchesPerStep(): number {
    const { parts, step } = this.#made;
    return step.forward + (step.program.length - step.forward) * parts + step.update.length;
  }

  /** Bytes on the device, with what `save` reads through; see `predictMemory`. */
  get predictedBytes(): number {
    return this.#made.predicted.bytes;
  }

  /** What a step runs: whoever saves the state and means to go on with the same bits saves this with it. */
  get kernels(): KernelRecord {
    return this.#made.kernels;
  }

  /** Replaces parameters, moments, scaling and step count. Throws TapestryError `state.length`. */
  load({ step, parameters, firstMoment, secondMoment, scaling }: TrainerState): void {
    this.#write('firstMoment', firstMoment);
    this.#write('secondMoment', secondMoment);
    this.setParameters(parameters);
    this.#writeScaling(scaling ?? scalingAfter(step, this.#made.settings, this.#made.initialScale));
    this.#step = step;
  }

  /** The state after the last step queued before the call. Until it resolves, nothing may step or load. */
  async save(): Promise<Required<TrainerState>> {
    const step = this.#step;
    const { vectors } = this.#made;
    const [parameters, firstMoment, secondMoment, scaling] = await Promise.all([
      this.#readVector(vectors.parameters),
      this.#readVector(vectors.firstMoment),
      this.#readVector(vectors.secondMoment),
      this.scaling(),
    ]);
    return { step, parameters, firstMoment, secondMoment, scaling };
  }

  /** A new base; the moments stay (DiLoCo keeps the inner optimizer). Throws TapestryError `state.length`. */
  setParameters(parameters: Float32Array<ArrayBuffer>): void {
    this.#write('parameters', parameters);
  }

  /** As `save`. */
  parameters(): Promise<Float32Array<ArrayBuffer>> {
    return this.#readVector(this.#made.vectors.parameters);
  }

  /** Loss scale and counts of steps, after the last one queued before the call. */
  async scaling(): Promise<Scaling> {
    return decodeScaling(await this.#read('scaling'));
  }

  /** The gradient of the last step's mean loss over the flat layout, before clipping. As `save`. */
  async gradient(): Promise<Float32Array<ArrayBuffer>> {
    const [gradient, clipping] = await Promise.all([
      this.#readVector(this.#made.vectors.gradient),
      this.#read('clipping'),
    ]);
    const scale = lossScaleOfClipping(clipping);
    return scale === 1 ? gradient : gradient.map((value) => value / scale);
  }

  /** Queues one step: gradient of the batch's mean loss, clipping, update. Throws `batch.shape` or `batch.token`. */
  step(batch: Batch, learningRate: number): void {
    this.#checkUnread();
    const { parts, step, buffers, vectors, batch: uploaded } = this.#made;
    this.#counted = uploaded.upload(batch, parts);
    this.#step++;
    this.#writeStepValues(learningRate, this.#counted);
    const submitter = this.#submitter;
    submitter.begin(this.dispatchesPerStep);
    if (parts > 1) submitter.copy((encoder) => vectors.gradient.clear(encoder));
    const { losses, stepResults, scaling } = buffers;
    for (let part = 0; part < parts; part++) {
      submitter.copy((encoder) => uploaded.bind(encoder, part));
      submitter.encode(step.program, part === 0 ? 0 : step.forward);
      if (part === parts - 1) submitter.encode(step.update);
      // A step's losses outlive an evaluation that comes before they are read.
      submitter.copy((encoder) =>
        encoder.copyBufferToBuffer(losses, 0, stepResults, part * losses.size, losses.size),
      );
    }
    submitter.copy((encoder) =>
      encoder.copyBufferToBuffer(scaling, 0, stepResults, parts * losses.size, scaling.size),
    );
    submitter.end();
    this.#readback.submitted(this.dispatchesPerStep);
  }

  /**
   * Mean nats a counted token of the last step; waits for it. 0 before any, or where no target counted.
   * Rejects with TapestryError `train.not-finite` where steps had ceased to change anything; see `checkFinite`.
   */
  async loss(): Promise<number> {
    const counted = this.#counted;
    const results = await this.#read('stepResults');
    checkFinite(decodeScaling(results.subarray(-scalingWords)));
    return counted === 0 ? 0 : sum(results.subarray(0, -scalingWords)) / counted;
  }

  /** Summed loss in nats and counted targets of a batch of the trainer's shape, without training on it. */
  async evaluate(batch: Batch): Promise<{ loss: number; tokens: number }> {
    const { parts, step, batch: uploaded } = this.#made;
    const tokens = uploaded.upload(batch, parts);
    this.#writeStepValues(0, tokens);
    const losses: Promise<Float32Array>[] = [];
    for (let part = 0; part < parts; part++) {
      this.#submitter.begin(step.backward);
      this.#submitter.copy((encoder) => uploaded.bind(encoder, part));
      this.#submitter.encode(step.program, 0, step.backward);
      this.#submitter.end();
      this.#readback.submitted(step.backward);
      // The copy is queued at once: the next part writes over these losses.
      losses.push(this.#read('losses'));
    }
    const summed = (await Promise.all(losses)).map(sum);
    return { loss: summed.reduce((total, part) => total + part, 0), tokens };
  }

  /** Frees the memory; what is still pending rejects. */
  close(): void {
    const { step, batch, vectors, buffers } = this.#made;
    step.program.close();
    step.update.close();
    batch.close();
    this.#readback.close();
    for (const vector of Object.values(vectors)) vector.close();
    for (const buffer of Object.values(buffers)) buffer.destroy();
  }

  async #readVector(vector: FlatVector): Promise<Float32Array<ArrayBuffer>> {
    this.#reading++;
    try {
      return await vector.read(this.#readback);
    } finally {
      this.#reading--;
    }
  }

  #checkUnread(): void {
    if (this.#reading > 0) throw new Error('the state is still being read: wait for it');
  }

  #writeStepValues(learningRate: number, counted: number): void {
    writeStepValues(this.#stepValues, this.#made.settings, learningRate, 1 / Math.max(1, counted));
    this.#device.device.queue.writeBuffer(this.#made.buffers.stepValues, 0, this.#stepValues);
  }

  #writeScaling(scaling: Scaling): void {
    this.#device.device.queue.writeBuffer(this.#made.buffers.scaling, 0, encodeScaling(scaling));
  }

  #read(name: keyof TrainerBuffers): Promise<Float32Array<ArrayBuffer>> {
    return this.#readback.read(whole(this.#made.buffers[name]));
  }

  #write(name: 'parameters' | 'firstMoment' | 'secondMoment', values: Float32Array<ArrayBuffer>): void {
    if (values.length !== this.layout.length)
      throw new TapestryError(
        'state.length',
        `${name} has ${values.length} values where the model has ${this.layout.length}`,
        'load a state that was saved by a model of the same configuration',
      );
    this.#checkUnread();
    this.#made.vectors[name].write(values);
  }
}

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
