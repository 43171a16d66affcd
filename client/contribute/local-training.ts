import type { Corpus } from '../data/corpus.ts';
import { heldOutBatches, Sampler, type SamplerState } from '../data/sampler.ts';
import { TapestryError } from '../errors.ts';
import { type Device, openDevice } from '../gpu/device.ts';
import type { KernelRecord } from '../gpu/kernel-record.ts';
import type { Chooser } from '../gpu/program.ts';
import { evaluate } from '../train/evaluate.ts';
import { scalingAfter } from '../train/scaling.ts';
import { learningRateAt } from '../train/schedule.ts';
import { Trainer } from '../train/trainer.ts';
import type { TrainerState } from '../train/training.ts';
import type { Agreement } from './agreement.ts';
import type { ContributorEvent } from './events.ts';
import { Gate } from './gate.ts';
import type { Host } from './host.ts';
import { kernelsOf } from './kernels.ts';
import { finiteLoss, Meter, nothingYet, type Progress } from './meter.ts';
import { Pace } from './pace.ts';
import type { Round } from './session.ts';
import { type Snapshot, SnapshotSchedule } from './snapshots.ts';
import type { SavedState } from './state.ts';

/** At most so many batches of held-out text measure a base. */
const heldOutBatchesMost = 8;

/** A device that is lost so often without a snapshot in between will not come back. */
const lossesMost = 3;

/** What training one round from `base` gave. */
export interface TrainedRound {
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly steps: number;
  readonly tokens: number;
  readonly trainingLoss: number;
  readonly heldOutLoss: number;
}

type Start = Omit<Required<TrainerState>, 'parameters'> & { readonly sampler: SamplerState };

/** What is left of a round after `done` steps. */
interface Rest {
  readonly round: Round;
  readonly done: number;
  readonly meter: Meter;
  readonly signal: AbortSignal;
  /** Told of each snapshot. */
  readonly keep: (snapshot: Snapshot) => void;
}

/**
 * Local training of one run on one node: the adapter, the model on it, and the place in the text. A round begins from the
 * state that the last whole round left: one that is given up leaves no trace, and one whose device is lost ends with the same bits.
 */
export class LocalTraining {
  readonly #host: Host;
  readonly #agreement: Agreement;
  readonly #corpus: Corpus;
  readonly #tell: (event: ContributorEvent) => void;
  readonly #sampler: Sampler;
  readonly #gate = new Gate();
  #device: Device;
  #trainer: Trainer;
  #pace: Pace;
  #start: Start;
  #meter: Meter | null = null;

  private constructor(
    host: Host,
    device: Device,
    trainer: Trainer,
    agreement: Agreement,
    options: TrainingOptions,
  ) {
    this.#host = host;
    this.#device = device;
    this.#trainer = trainer;
    this.#agreement = agreement;
    this.#corpus = options.corpus;
    this.#tell = options.tell;
    this.#pace = new Pace(host, device, options.power);
    const { corpus } = options;
    this.#sampler = new Sampler(corpus.train, agreement.shape, options.seed, corpus.name);
    this.#start = unmoved(agreement, this.#sampler);
  }

  /**
   * `began`: what a saved state that is to be restored was trained with.
   * @throws TapestryError `corpus.too-short`, `adapter.missing`
   */
  static async open(
    host: Host,
    device: Device,
    agreement: Agreement,
    options: TrainingOptions,
    began?: KernelRecord | null,
  ): Promise<LocalTraining> {
    if (options.corpus.heldOut.length < 2) {
      throw new TapestryError(
        'corpus.too-short',
        `${options.corpus.name} has no text to hold out.`,
        'Add text: a few paragraphs are enough.',
      );
    }
    const open = async (on: Device) => {
      const choices = kernelsOf(host, on, options.tell, began);
      const trainer = await makeTrainer(on, agreement, choices);
      return new LocalTraining(host, on, trainer, agreement, options);
    };
    try {
      return await open(device);
    } catch (error) {
      // A kernel that was tried out took the device with it: it is remembered, and not tried again.
      if (!isLoss(error, false)) throw error;
      return open(await openDevice(await host.gpu()));
    }
  }

  /** AdamW's state and the place in the text, as the last whole round left them. */
  get start(): Start {
    return this.#start;
  }

  /** What it trains with; saved with `start`. */
  get kernels(): KernelRecord {
    return this.#trainer.kernels;
  }

  get progress(): Progress {
    return this.#meter?.progress ?? nothingYet;
  }

  /** @throws TapestryError `sampler.*` when the saved place belongs to other text; then nothing has changed */
  restore(saved: SavedState): void {
    const { step, scaling, firstMoment, secondMoment, sampler } = saved;
    this.#sampler.restore(sampler);
    this.#start = { step, scaling, firstMoment, secondMoment, sampler };
  }

  setPower(power: number): void {
    this.#pace.power = power;
  }

  /** Training halts at its next step until `release`. */
  hold(): void {
    this.#gate.close();
  }

  release(): void {
    this.#gate.open();
  }

  /**
   * Trains the local steps of `round` from `base`, its base's parameters. Aborted, it rejects at the next step with the signal's reason.
   * A device that is lost is opened again, and only the steps since the last snapshot are done again: the same bits.
   * @throws TapestryError `training.diverged` or `train.not-finite`, or `device.lost` when the adapter does not come back
   */
  async train(round: Round, base: Float32Array<ArrayBuffer>, signal: AbortSignal): Promise<TrainedRound> {
    const { sampler, ...optimizer } = this.#start;
    const meter = new Meter(round.localSteps, this.#agreement.shape, this.#host.now);
    this.#meter = meter;
    let snapshot: Snapshot = { steps: 0, state: { ...optimizer, parameters: base }, sampler };
    const keep = (taken: Snapshot) => {
      snapshot = taken;
    };
    let heldOutLoss: number | null = null;
    for (let losses = 0; ; ) {
      const from = snapshot;
      try {
        if (losses > 0) await this.#reopen();
        await this.#gate.passed(signal);
        signal.throwIfAborted();
        this.#load(from, meter);
        heldOutLoss ??= await this.#measureBase(round, signal);
        const { parameters, ...after } = await this.#steps({ round, done: from.steps, meter, signal, keep });
        if (after.scaling.appliedSteps === optimizer.scaling.appliedSteps) throw nothingLearned();
        this.#start = after;
        const { batch, sequence } = this.#agreement.shape;
        const { localSteps: steps } = round;
        const tokens = steps * batch * sequence;
        return { parameters, steps, tokens, trainingLoss: meter.meanLoss, heldOutLoss };
      } catch (error) {
        if (!isLoss(error, losses > 0) || signal.aborted) throw error;
        losses = snapshot === from ? losses + 1 : 1;
        if (losses > lossesMost) throw error;
        const { steps: step } = snapshot;
        this.#tell({ event: 'device-lost', round: round.round, step, reason: error.message });
        // A driver that starts again needs a moment; the first loss may have been any mishap.
        await this.#host.sleep(1000 * (losses - 1), signal);
      }
    }
  }

  /**
   * After training diverged: moments that led there are given up, and so is the text that did, or the next round would
   * go the same way.
   */
  startOver(): void {
    this.#start = unmoved(this.#agreement, this.#sampler);
  }

  #load({ steps, state, sampler }: Snapshot, meter: Meter): void {
    this.#trainer.load(state);
    this.#sampler.restore(sampler);
    meter.rewind(steps);
  }

  /** The loss of the base that the trainer was given, on this node's own held-out text. */
  async #measureBase({ round, base, localSteps }: Round, signal: AbortSignal): Promise<number> {
    const windows = heldOutBatches(this.#corpus.heldOut, this.#agreement.shape, heldOutBatchesMost);
    const heldOutLoss = finiteLoss(await evaluate(this.#trainer, windows));
    signal.throwIfAborted();
    this.#tell({ event: 'round', round, base, steps: localSteps, heldOutLoss });
    return heldOutLoss;
  }

  /** Trains what is left of a round: the state after it, and the place in the text. */
  async #steps({ round, done: before, meter, signal, keep }: Rest): Promise<TrainerState & Start> {
    const { localSteps } = round;
    const snapshots = new SnapshotSchedule(this.#host.now);
    this.#pace.start();
    meter.start(before);
    for (let done = before + 1; done <= localSteps; done++) {
      this.#trainer.step(this.#sampler.next(), this.#learningRate(round.round, done - 1));
      const waited = await this.#pace.stepGiven(signal);
      const read = meter.isDue(done);
      if (read) {
        const { tokens, trainingLoss, tokensPerSecond } = meter.read(done, await this.#trainer.loss());
        const step = { step: done, steps: localSteps, tokens, loss: trainingLoss, tokensPerSecond };
        this.#tell({ event: 'step', round: round.round, ...step });
        this.#pace.start();
      } else if (waited) meter.done(done);
      signal.throwIfAborted();
      if (done === localSteps) break;
      const halted = await this.#gate.passed(signal);
      const due = (read || waited) && snapshots.due;
      if (due) keep(await snapshots.take(async () => ({ steps: done, ...(await this.#state()) })));
      if (halted || due) {
        this.#pace.start();
        meter.start(done);
      }
      signal.throwIfAborted();
    }
    const { state, sampler } = await this.#state();
    signal.throwIfAborted();
    return { ...state, sampler };
  }

  /** After the last step that was given. */
  async #state(): Promise<Omit<Snapshot, 'steps'>> {
    const sampler = this.#sampler.save();
    return { state: await this.#trainer.save(), sampler };
  }

  /**
   * By the run's schedule, whatever this node did before. But moments that have seen few steps make wild ones: a node that
   * joins late warms up as the first round did.
   */
  #learningRate(round: number, step: number): number {
    const { schedule, localSteps } = this.#agreement;
    const scheduled = learningRateAt((round - 1) * localSteps + step, schedule);
    if (schedule.warmupSteps === 0) return scheduled;
    const seen = this.#start.step + step + 1;
    return Math.min(scheduled, (schedule.peak * seen) / schedule.warmupSteps);
  }

  async #reopen(): Promise<void> {
    this.close();
    this.#device = await openDevice(await this.#host.gpu());
    const choices = kernelsOf(this.#host, this.#device, this.#tell, this.kernels);
    this.#trainer = await makeTrainer(this.#device, this.#agreement, choices);
    this.#pace = new Pace(this.#host, this.#device, this.#pace.power);
  }

  close(): void {
    this.#trainer.close();
    this.#device.close();
  }
}

export interface TrainingOptions {
  readonly corpus: Corpus;
  readonly seed: number;
  readonly power: number;
  readonly tell: (event: ContributorEvent) => void;
}

/** AdamW before its first step. */
function unmoved({ layout: { length }, optimizer }: Agreement, sampler: Sampler): Start {
  const [firstMoment, secondMoment] = [new Float32Array(length), new Float32Array(length)];
  const scaling = scalingAfter(0, optimizer, 1);
  return { step: 0, scaling, firstMoment, secondMoment, sampler: sampler.save() };
}

function makeTrainer(
  device: Device,
  { config, shape, optimizer }: Agreement,
  choices: Chooser,
): Promise<Trainer> {
  return Trainer.create(device, config, shape, optimizer, { choices });
}

/** Though the loss is finite, no gradient was: there is nothing to contribute. */
function nothingLearned(): TapestryError {
  return new TapestryError(
    'training.diverged',
    'No step of the round had a finite gradient.',
    'Nothing to do: the round is given up and training goes on from the next base.',
  );
}

/** Whether the adapter went away; while it is opened again, it may be missing for a moment. */
function isLoss(error: unknown, reopening: boolean): error is TapestryError {
  if (!(error instanceof TapestryError)) return false;
  return error.code === 'device.lost' || (reopening && error.code === 'adapter.missing');
}
