import {
  type Batch,
  type BatchObjective,
  type BatchShape,
  type LossReport,
  type RowWeights,
  weightedLoss,
} from '../data/batch.ts';
import { allocate } from '../gpu/allocation.ts';
import { type Device, requireStorage } from '../gpu/device.ts';
import type { FlatVector } from '../gpu/flat-vector.ts';
import type { Choices } from '../gpu/operation.ts';
import { type Chooser, whole } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import { Submitter } from '../gpu/submitter.ts';
import { type KernelRecord, recordKernels } from '../gpu/tuning/kernel-record.ts';
import type { ModelConfig } from '../model/config.ts';
import { checkShape } from '../model/decoder.ts';
import type { ModelParameters } from '../model/model-parameters.ts';
import type { ParameterLayout, PartedLayout } from '../model/parameters.ts';
import { Random } from '../random.ts';
import { type MemoryOptions, type MemoryPrediction, planStep } from './memory.ts';
import {
  checkFinite,
  decodeScaling,
  encodeScaling,
  scalingAfter,
  scalingWords,
} from './optimizer/loss-scaling.ts';
import { lossScaleOfClipping, stepValueCount, writeStepValues } from './optimizer/optimizer.ts';
import { buildStep, modelOf, recordStep, type StepProgram, sitesOf } from './step-program.ts';
import { trainedPart } from './trained-part.ts';
import { makeMemory, type TrainerBuffers, type TrainerMemory } from './trainer-memory.ts';
import type { LossScaling, OptimizerSettings, Scaling, TrainerState } from './training.ts';
import { checkLength } from './training.ts';

export interface TrainerOptions extends MemoryOptions {
  /** Used only with f16 storage. */
  readonly lossScaling?: LossScaling;
  /** Kernels chosen by measurement, or a function that measures them; for other sites the kernel is guessed. */
  readonly choices?: Choices | Chooser;
}

/** The default loss scaling of mixed-precision training (Micikevicius et al. 2018). */
export const usualScaling: LossScaling = { initialScale: 65_536, growthInterval: 2000 };

interface Made extends TrainerMemory {
  readonly settings: OptimizerSettings;
  readonly parts: number;
  readonly dropoutSeed: number;
  /** The loss scale before the first step. */
  readonly initialScale: number;
  readonly predicted: MemoryPrediction;
  /** Destroys the buffers of `vectors`, `buffers` and `batch`. */
  readonly free: () => void;
  readonly kernels: KernelRecord;
  readonly step: StepProgram;
  readonly model: ModelParameters;
}

/**
 * Trains one model on one device. A step is a program that is recorded once; each run of it writes the batch and a few scalars,
 * then makes one submit, or several if it takes long on a graphics card. The same adapter, choices, state and batches give the
 * same bits. Once the device is lost, every promise rejects with TapestryError `device.lost`.
 */
export class Trainer {
  /** Layout of the trained part, hence of gradient, moments and state. The model's own layout if nothing is frozen. */
  readonly layout: ParameterLayout;
  /** Layout of the frozen part; see `setFrozen`. */
  readonly frozenLayout: ParameterLayout;
  readonly #device: Device;
  readonly #made: Made;
  readonly #readback: Readback;
  readonly #submitter: Submitter;
  readonly #stepValues = new Float32Array(stepValueCount);
  #step = 0;
  /** Row weights and objective of the last step's batch. */
  #rowWeights: RowWeights = { weights: new Float32Array(), divisor: 1 };
  #objective: BatchObjective | undefined;
  /** Number of reads in progress. They read vectors piece by piece, so the vectors must not change meanwhile. */
  #reading = 0;

  private constructor(device: Device, { trained, frozen }: PartedLayout, made: Made) {
    this.layout = trained;
    this.frozenLayout = frozen;
    this.#device = device;
    this.#made = made;
    this.#readback = new Readback(device);
    const { parts, step } = made;
    const again = Array.from({ length: parts - 1 }, () => step.program.bytes(step.forward)).flat();
    this.#submitter = new Submitter(device, [...step.program.bytes(), ...again, ...step.update.bytes()]);
  }

  /**
   * Compiles the step and allocates its memory; parameters and moments are zero until `load` and `setFrozen`.
   * `shape` is that of a step's whole batch, which is processed in parts if the adapter cannot bind it at once.
   * Throws TapestryError `config.shape`, `config.trained`, `adapter.settings`, `shader.invalid`, `device.too-small`, `device.no-f16` or
   * `batch.parts`.
   */
  static async create(
    device: Device,
    config: ModelConfig,
    shape: BatchShape,
    settings: OptimizerSettings,
    options: TrainerOptions = {},
  ): Promise<Trainer> {
    const { storage = 'f32', recompute = false, lossScaling = usualScaling, objective } = options;
    const { choices = new Map() } = options;
    checkShape(config);
    requireStorage(device, storage);
    const { initialScale, growthInterval } =
      storage === 'f16' ? lossScaling : { initialScale: 1, growthInterval: 0 };
    const layout = trainedPart(config, options);
    const { part, parts, memory: predicted } = planStep(device, config, shape, settings, options);
    const { made: memory, free } = await allocate(device, (allocator) =>
      makeMemory(allocator, config, layout, settings, part, { storage, parts, objective }),
    );
    try {
      const fixed = { accumulate: parts > 1, recompute, growthInterval, objective };
      const how = { storage, shape: part, settings, ...fixed };
      const record = (chosen: Choices) =>
        recordStep(device, config, layout, memory, { ...how, choices: chosen });
      const chosen = typeof choices === 'function' ? await choices(sitesOf(record(new Map()))) : choices;
      const recorded = record(chosen);
      const kernels = recordKernels(device, sitesOf(recorded), chosen);
      const step = await buildStep(device, recorded);
      const { dropoutSeed } = layout;
      const known = { settings, parts, dropoutSeed, initialScale, predicted, model: modelOf(layout, memory) };
      const trainer = new Trainer(device, layout, { ...known, ...memory, free, kernels, step });
      trainer.#writeScaling(scalingAfter(0, settings, initialScale));
      return trainer;
    } catch (error) {
      free();
      throw error;
    }
  }

  get dispatchesPerStep(): number {
    const { parts, step } = this.#made;
    return step.forward + (step.program.length - step.forward) * parts + step.update.length;
  }

  /** Predicted bytes on the device, including the staging buffers of `save`; see `predictMemory`. */
  get predictedBytes(): number {
    return this.#made.predicted.bytes;
  }

  /** The kernels of a step. Save them together with the state, to resume with the same bits. */
  get kernels(): KernelRecord {
    return this.#made.kernels;
  }

  /** The model on the trainer's device, for other programs to read after `updateModel`. It is freed with the trainer. */
  get model(): ModelParameters {
    return this.#made.model;
  }

  /** Queues the copies of the trained parameters that kernels read: those in f16, and an adapter's packed matrices. */
  updateModel(): void {
    const { program, forward } = this.#made.step;
    if (forward === 0) return;
    this.#submitter.begin(forward);
    this.#submitter.encode(program, 0, forward);
    this.#submitter.end();
    this.#readback.submitted(forward);
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

  /** Sets a new base and keeps the moments (DiLoCo keeps the inner optimizer's state). Throws TapestryError `state.length`. */
  setParameters(parameters: Float32Array<ArrayBuffer>): void {
    this.#write('parameters', parameters);
  }

  /**
   * Sets the values of the frozen part, over `frozenLayout` (see `copyTensors`); no step changes them. Throws TapestryError
   * `state.length`.
   */
  setFrozen(parameters: Float32Array<ArrayBuffer>): void {
    checkLength('the frozen part', parameters, this.frozenLayout);
    this.#made.frozen.write(parameters);
  }

  /** The parameters alone; the rules of `save` apply. */
  parameters(): Promise<Float32Array<ArrayBuffer>> {
    return this.#readVector(this.#made.vectors.parameters);
  }

  /** Loss scale and counts of steps, after the last step queued before the call. */
  async scaling(): Promise<Scaling> {
    return decodeScaling(await this.#read('scaling'));
  }

  /** The gradient of the last step's loss over the flat layout, before clipping. The rules of `save` apply. */
  async gradient(): Promise<Float32Array<ArrayBuffer>> {
    const [gradient, clipping] = await Promise.all([
      this.#readVector(this.#made.vectors.gradient),
      this.#read('clipping'),
    ]);
    const scale = lossScaleOfClipping(clipping);
    return scale === 1 ? gradient : gradient.map((value) => value / scale);
  }

  /**
   * Queues one step: gradient of the batch's loss, clipping, update. Throws TapestryError `batch.shape`, `batch.token`,
   * `batch.weight`, `batch.documents` or `batch.objective`.
   */
  step(batch: Batch, learningRate: number): void {
    this.#checkUnread();
    const { parts, step, buffers, vectors, lora, batch: uploaded } = this.#made;
    this.#rowWeights = uploaded.upload(batch, parts, (part) => this.#dropoutSeed(part));
    this.#objective = batch.objective;
    this.#step++;
    this.#writeStepValues(learningRate);
    const submitter = this.#submitter;
    submitter.begin(this.dispatchesPerStep);
    if (parts > 1)
      submitter.copy((encoder) => {
        vectors.gradient.clear(encoder);
        lora?.gradient.clear(encoder);
      });
    const { losses, stepResults, scaling } = buffers;
    for (let part = 0; part < parts; part++) {
      submitter.copy((encoder) => uploaded.bind(encoder, part));
      submitter.encode(step.program, part === 0 ? 0 : step.forward);
      if (part === parts - 1) submitter.encode(step.update);
      // Copied, because an evaluation may overwrite the losses before they are read.
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
   * The last step's loss, before its update, in nats: the mean over its targets or, if its batch had weights, the weighted
   * sum. Waits for the step; 0 before the first step. Rejects with TapestryError `train.not-finite` if steps no longer change
   * the model; see `checkFinite`.
   */
  async loss(): Promise<number> {
    return (await this.report()).loss;
  }

  /** The last step's loss with the metrics of its objective; the rules of `loss` apply. */
  async report(): Promise<LossReport> {
    const [weights, objective] = [this.#rowWeights, this.#objective];
    const results = await this.#read('stepResults');
    checkFinite(decodeScaling(results.subarray(-scalingWords)));
    if (objective === undefined) return { loss: weightedLoss(results, weights), metrics: {} };
    const logProbabilities = results.subarray(0, -scalingWords).map((loss) => 0 - loss);
    return objective.report(logProbabilities, this.#made.parts);
  }

  /**
   * The log-probability, in nats, of every target of a batch of the trainer's shape, without training on it: (rows), 0 if a
   * row has no target. A model whose head gives scores answers with the score of every row. Throws the errors of `step`.
   */
  async logProbabilities(batch: Batch): Promise<Float32Array<ArrayBuffer>> {
    const { parts, step, batch: uploaded } = this.#made;
    uploaded.upload(batch, parts);
    const read: Promise<Float32Array>[] = [];
    for (let part = 0; part < parts; part++) {
      this.#submitter.begin(step.objective);
      this.#submitter.copy((encoder) => uploaded.bind(encoder, part));
      this.#submitter.encode(step.program, 0, step.objective);
      this.#submitter.end();
      this.#readback.submitted(step.objective);
      // The copy is queued now, because the next part overwrites these losses.
      read.push(this.#read('losses'));
    }
    const logProbabilities = new Float32Array(batch.targets.length);
    // Subtracted from 0, because the negative of 0 would be -0.
    for (const [part, losses] of (await Promise.all(read)).entries())
      logProbabilities.set(
        losses.map((loss) => 0 - loss),
        part * losses.length,
      );
    return logProbabilities;
  }

  /** Frees the memory; pending promises reject. */
  close(): void {
    const { step, free } = this.#made;
    step.program.close();
    step.update.close();
    this.#readback.close();
    free();
  }

  async #readVector(vector: FlatVector): Promise<Float32Array<ArrayBuffer>> {
    this.#reading++;
    try {
      return await vector.read(this.#readback);
    } finally {
      this.#reading--;
    }
  }

  /** The seed of the next step's dropout in one of its parts: the same after resuming. */
  #dropoutSeed(part: number): number {
    return Random.seeded(this.#made.dropoutSeed, this.#step * this.#made.parts + part).uint32() | 1;
  }

  #checkUnread(): void {
    if (this.#reading > 0) throw new Error('the state is still being read: wait for it');
  }

  #writeStepValues(learningRate: number): void {
    writeStepValues(this.#stepValues, this.#made.settings, learningRate);
    this.#device.device.queue.writeBuffer(this.#made.buffers.stepValues, 0, this.#stepValues);
  }

  #writeScaling(scaling: Scaling): void {
    this.#device.device.queue.writeBuffer(this.#made.buffers.scaling, 0, encodeScaling(scaling));
  }

  #read(name: keyof TrainerBuffers): Promise<Float32Array<ArrayBuffer>> {
    return this.#readback.read(whole(this.#made.buffers[name]));
  }

  #write(name: 'parameters' | 'firstMoment' | 'secondMoment', values: Float32Array<ArrayBuffer>): void {
    checkLength(name, values, this.layout);
    this.#checkUnread();
    this.#made.vectors[name].write(values);
  }
}
