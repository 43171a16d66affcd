import type { BatchShape, LossReport } from '../../data/batch.ts';
import type { BatchSource } from '../../data/batch-source.ts';
import { TapestryError } from '../../errors.ts';
import { type Device, openDevice } from '../../gpu/device.ts';
import type { KernelRecord } from '../../gpu/tuning/kernel-record.ts';
import type { ModelConfig } from '../../model/config.ts';
import { copyTensors, layoutOf } from '../../model/parameters.ts';
import type { Runtime } from '../../runtime.ts';
import type { Checkpoint, Place } from '../checkpoint.ts';
import { Trainer, type TrainerOptions } from '../trainer.ts';
import type { OptimizerSettings } from '../training.ts';
import { type KernelEvent, kernelsOf } from './kernel-choice.ts';
import { PauseGate } from './pause-gate.ts';
import { type DoneSteps, type Snapshot, SnapshotSchedule } from './snapshots.ts';
import { Throttle } from './throttle.ts';
import { noProgress, ProgressTracker, type TrainingProgress } from './training-progress.ts';

/** After more device losses than this without a snapshot in between, training fails. */
const maxLosses = 3;

/** The part of the runtime that a loop needs. */
export type LoopRuntime = Pick<Runtime, 'gpu' | 'cache' | 'now' | 'sleep'>;

/** The model that a loop trains, and its settings. */
export interface LoopSettings {
  readonly config: ModelConfig;
  /** Shape of a step's whole batch. */
  readonly shape: BatchShape;
  readonly optimizer: OptimizerSettings;
  readonly trainer?: Omit<TrainerOptions, 'choices'>;
  /** The parameters of the whole model; needed if a part of it is frozen. */
  readonly model?: Float32Array<ArrayBuffer>;
  /** Share of the time to work, from 0.1 to 1. */
  readonly power: number;
  /** The kernels of the checkpoint that training resumes from; absent at the first start. */
  readonly kernels?: KernelRecord;
  readonly onKernels: (event: KernelEvent) => void;
}

/** A number of steps to train from a place. */
export interface TrainingTask {
  readonly from: Place;
  /** The values of the frozen part, over the trainer's `frozenLayout`; those that the trainer holds by default. */
  readonly frozen?: Float32Array<ArrayBuffer>;
  /** The steps that were done before, at whose end `from` is. None by default. */
  readonly done?: DoneSteps;
  /** All steps of the task, with those done before. */
  readonly steps: number;
  /**
   * True if no more steps than these shall be done, from 1 on. Asked after each step, and when training resumes after one; without it, all
   * `steps` are done.
   */
  readonly isEnough?: (steps: number) => boolean;
  /** The source of batches; the loop restores it to the place's state. */
  readonly sampler: BatchSource;
  /** The learning rate of a step, counted from 0 at `from`. */
  readonly learningRate: (step: number) => number;
  /** Called once before the first step, when the trainer holds the state of `from`; may evaluate it. */
  readonly onLoaded?: (trainer: Trainer) => Promise<void>;
  /** Called whenever the loss is read, with the metrics of the batch's objective: after the first step, the last, and evenly between. */
  readonly onProgress?: (progress: TrainingProgress, metrics: LossReport['metrics']) => void;
  /**
   * Called with each snapshot; training waits for it. Its duration counts as the snapshot's. `isAsked` if it was not only due: it is
   * of a pause, of an abort or of `snapshotSoon`.
   */
  readonly onSnapshot?: (snapshot: Snapshot, isAsked: boolean) => Promise<void>;
  /** The device was lost; training resumes after `step` steps. */
  readonly onDeviceLost?: (step: number, reason: string) => void;
}

/** The state after a task's last step. */
export interface TrainingResult extends Checkpoint {
  /** Steps that were done: those of the task, unless fewer were enough. */
  readonly steps: number;
  /** Mean of the losses that were read, in nats per token, as an f32. */
  readonly meanLoss: number;
  /** Loss of the last step. */
  readonly lastLoss: number;
}

/** A device with a trainer on it. */
interface Opened {
  readonly device: Device;
  readonly trainer: Trainer;
  readonly throttle: Throttle;
}

/**
 * Trains a model on one adapter: throttled, paused on request, and resumed from the last snapshot when the device is lost.
 * The same adapter, kernels, place and text give the same bits, even after interruptions.
 */
export class TrainingLoop {
  readonly #runtime: LoopRuntime;
  #settings: LoopSettings;
  readonly #pauseGate = new PauseGate();
  #opened: Opened;
  #tracker: ProgressTracker | null = null;
  /** True if the next step shall be followed by a snapshot, whether or not one is due. */
  #asked = false;

  private constructor(runtime: LoopRuntime, settings: LoopSettings, opened: Opened) {
    this.#runtime = runtime;
    this.#settings = settings;
    this.#opened = opened;
  }

  /**
   * Creates the model on `device`, which the loop closes, also if this throws.
   * @throws TapestryError of `Trainer.create`, `device.lost` and `adapter.missing`
   */
  static async open(runtime: LoopRuntime, device: Device, settings: LoopSettings): Promise<TrainingLoop> {
    const { power, kernels } = settings;
    const open = (on: Device) => prepare(runtime, on, settings, power, kernels);
    try {
      return new TrainingLoop(runtime, settings, await open(device));
    } catch (error) {
      // A kernel that was being measured lost the device. The cache records that, so that it is not measured again.
      if (!isLoss(error, false)) throw error;
      return new TrainingLoop(runtime, settings, await open(await openDevice(await runtime.gpu())));
    }
  }

  /** The trainer on the current device; it changes when the device is lost. */
  get trainer(): Trainer {
    return this.#opened.trainer;
  }

  /** The device of the trainer, for other programs that read its model. */
  get device(): Device {
    return this.#opened.device;
  }

  /** The progress of the current or latest task. */
  get progress(): TrainingProgress {
    return this.#tracker?.progress ?? noProgress;
  }

  /** Share of the time to work from the next step on, from 0.1 to 1. */
  set power(power: number) {
    this.#opened.throttle.power = power;
  }

  /** Pauses training at its next step, until `resume`. */
  pause(): void {
    this.#pauseGate.close();
    this.snapshotSoon();
  }

  /** Takes a snapshot at the next step, because the process may end without a warning. */
  snapshotSoon(): void {
    this.#asked = true;
  }

  resume(): void {
    this.#pauseGate.open();
  }

  /**
   * Runs the steps of a task; one task at a time. If aborted, it takes a snapshot at the next step, and rejects with the signal's reason.
   * @throws TapestryError `training.diverged` or `train.not-finite`; `device.lost` or `adapter.missing` if the adapter does not
   * come back; and errors of the task's own functions
   */
  async run(task: TrainingTask, signal: AbortSignal): Promise<TrainingResult> {
    const { steps, readings } = task.done ?? { steps: 0, readings: [] };
    const tracker = new ProgressTracker(task.steps, this.#settings.shape, this.#runtime.now, readings);
    this.#tracker = tracker;
    let snapshot: Snapshot = { ...task.from, steps, readings };
    let loaded = false;
    for (let losses = 0; ; ) {
      const from = snapshot;
      try {
        if (losses > 0) await this.reopen();
        await this.#pauseGate.passed(signal);
        signal.throwIfAborted();
        const { trainer } = this.#opened;
        trainer.load(from.state);
        if (task.frozen !== undefined) trainer.setFrozen(task.frozen);
        task.sampler.restore(from.sampler);
        tracker.rewind(from.steps);
        if (!loaded) await task.onLoaded?.(trainer);
        loaded = true;
        signal.throwIfAborted();
        const take = async (done: number) => {
          snapshot = await this.#snapshot(task, tracker, done);
          tracker.done(done);
          const isAsked = this.#asked || signal.aborted;
          this.#asked = false;
          await task.onSnapshot?.(snapshot, isAsked);
        };
        const done = await this.#steps(task, from.steps, { tracker, take }, signal);
        const { readings: _, ...place } = await this.#snapshot(task, tracker, done);
        if (signal.aborted) await take(done);
        signal.throwIfAborted();
        const { meanLoss } = tracker;
        return { ...place, kernels: trainer.kernels, meanLoss, lastLoss: tracker.progress.trainingLoss };
      } catch (error) {
        if (!isLoss(error, losses > 0) || signal.aborted) throw error;
        losses = snapshot === from ? losses + 1 : 1;
        if (losses > maxLosses) throw error;
        task.onDeviceLost?.(snapshot.steps, error.message);
        // Retry at once after the first loss; after later ones, give the driver time to restart.
        await this.#runtime.sleep(1000 * (losses - 1), signal);
      }
    }
  }

  /** Frees the device. */
  close(): void {
    this.#opened.trainer.close();
    this.#opened.device.close();
  }

  /** Runs the remaining steps of a task after `before`; the number of the last one. */
  async #steps(
    task: TrainingTask,
    before: number,
    { tracker, take }: { readonly tracker: ProgressTracker; readonly take: (done: number) => Promise<void> },
    signal: AbortSignal,
  ): Promise<number> {
    const { trainer, throttle } = this.#opened;
    const isOver = (done: number) => done >= task.steps || task.isEnough?.(done) === true;
    if (before >= task.steps || (before > 0 && isOver(before))) return before;
    const snapshots = new SnapshotSchedule(this.#runtime.now);
    this.#asked = false;
    throttle.start();
    tracker.start(before);
    for (let done = before + 1; ; done++) {
      trainer.step(task.sampler.next(), task.learningRate(done - 1));
      const waited = await throttle.stepGiven(signal);
      const isLast = isOver(done);
      const read = isLast || tracker.isDue(done);
      if (read) {
        const { loss, metrics } = await trainer.report();
        // Not inside the call: without a listener its arguments are not evaluated.
        const progress = tracker.read(done, loss);
        task.onProgress?.(progress, metrics);
        throttle.start();
      } else if (waited) tracker.done(done);
      if (isLast && !signal.aborted) return done;
      let due = (read || waited) && snapshots.due;
      let halted = false;
      // Before a pause, because it may end with the process; one that was asked for while another was taken follows it.
      while (due || this.#asked || signal.aborted) {
        await snapshots.take(() => take(done));
        signal.throwIfAborted();
        [due, halted] = [false, true];
      }
      halted = (await this.#pauseGate.passed(signal)) || halted;
      if (halted) {
        throttle.start();
        tracker.start(done);
      }
      signal.throwIfAborted();
    }
  }

  /** The place after the last queued step, which is the task's step `steps`. */
  async #snapshot({ sampler }: TrainingTask, { readings }: ProgressTracker, steps: number) {
    const place = sampler.save();
    return { steps, readings, state: await this.#opened.trainer.save(), sampler: place };
  }

  /**
   * Opens another device, with the same kernels, in place of one that was lost while no task ran. The parameters that are trained are
   * zero until they are loaded.
   */
  async reopen(): Promise<void> {
    await this.#replace(this.trainer.kernels);
  }

  /**
   * Trains with other options from the next task on, on a device that is opened anew; call it while no task runs. The kernels are those that
   * were measured. After an error the loop can only be changed again or closed.
   * @throws TapestryError of `open`
   */
  async change(trainer: LoopSettings['trainer']): Promise<void> {
    this.#settings = { ...this.#settings, ...(trainer && { trainer }) };
    try {
      await this.#replace(undefined);
    } catch (error) {
      if (!isLoss(error, true)) throw error;
      await this.#replace(undefined);
    }
  }

  async #replace(kernels: KernelRecord | undefined): Promise<void> {
    const { power } = this.#opened.throttle;
    this.close();
    const device = await openDevice(await this.#runtime.gpu());
    this.#opened = await prepare(this.#runtime, device, this.#settings, power, kernels);
  }
}

/** Creates a trainer on the device; closes the device if that fails. */
async function prepare(
  runtime: LoopRuntime,
  device: Device,
  { config, shape, optimizer, trainer: options, model, onKernels }: LoopSettings,
  power: number,
  kernels: KernelRecord | undefined,
): Promise<Opened> {
  try {
    const choices = kernelsOf(runtime.cache, device, onKernels, kernels);
    const trainer = await Trainer.create(device, config, shape, optimizer, { ...options, choices });
    if (model !== undefined) trainer.setFrozen(copyTensors(model, layoutOf(config), trainer.frozenLayout));
    return { device, trainer, throttle: new Throttle(runtime, device, power) };
  } catch (error) {
    device.close();
    throw error;
  }
}

/** True if the device was lost; while it is reopened, the adapter may also be missing for a moment. */
function isLoss(error: unknown, reopening: boolean): error is TapestryError {
  if (!(error instanceof TapestryError)) return false;
  return error.code === 'device.lost' || (reopening && error.code === 'adapter.missing');
}
