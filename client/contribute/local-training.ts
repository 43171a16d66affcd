import type { Corpus } from '../data/corpus.ts';
import { heldOutBatches, Sampler, type SamplerState } from '../data/sampler.ts';
import { TapestryError } from '../errors.ts';
import { type Device, openDevice } from '../gpu/device.ts';
import { evaluate } from '../train/evaluate.ts';
import { scalingAfter } from '../train/scaling.ts';
import { learningRateAt } from '../train/schedule.ts';
import { Trainer } from '../train/trainer.ts';
import type { TrainerState } from '../train/training.ts';
import type { Agreement } from './agreement.ts';
import type { ContributorEvent } from './events.ts';
import { Gate } from './gate.ts';
import type { Host } from './host.ts';
import { finiteLoss, Meter, nothingYet, type Progress } from './meter.ts';
import { Pace } from './pace.ts';
import type { Round } from './session.ts';
import type { SavedState } from './state.ts';

/** At most so many batches of held-out text measure a base. */
const heldOutBatchesMost = 8;

/** A device that is lost so often within one round will not come back. */
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

/**
 * Local training of one run on one node: the adapter, the model on it, and the place in the text. A round begins from the
 * state that the last whole round left: one that is given up leaves no trace, and one whose device is lost is done again.
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

  /** @throws TapestryError `corpus.too-short`, `adapter.missing` */
  static async open(
    host: Host,
    device: Device,
    agreement: Agreement,
    options: TrainingOptions,
  ): Promise<LocalTraining> {
    if (options.corpus.heldOut.length < 2) {
      throw new TapestryError(
        'corpus.too-short',
        `${options.corpus.name} has no text to hold out.`,
        'Add text: a few paragraphs are enough.',
      );
    }
    const trainer = await makeTrainer(device, agreement);
    return new LocalTraining(host, device, trainer, agreement, options);
  }

  /** AdamW's state and the place in the text, as the last whole round left them. */
  get start(): Start {
    return this.#start;
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
   * @throws TapestryError `training.diverged`, or `device.lost` when the adapter does not come back
   */
  async train(round: Round, base: Float32Array<ArrayBuffer>, signal: AbortSignal): Promise<TrainedRound> {
    for (let losses = 0; ; ) {
      try {
        return await this.#attempt(round, base, signal);
      } catch (error) {
        const lost = error instanceof TapestryError && error.code === 'device.lost';
        if (!lost || signal.aborted || ++losses > lossesMost) throw error;
        this.#tell({ event: 'device-lost', round: round.round, reason: error.message });
        await this.#reopen();
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

  async #attempt(round: Round, base: Float32Array<ArrayBuffer>, signal: AbortSignal): Promise<TrainedRound> {
    const { shape } = this.#agreement;
    const { localSteps } = round;
    const { sampler, ...moments } = this.#start;
    const meter = new Meter(localSteps, shape, this.#host.now);
    this.#meter = meter;
    this.#sampler.restore(sampler);
    await this.#gate.passed(signal);
    signal.throwIfAborted();
    this.#trainer.load({ ...moments, parameters: base });
    const windows = heldOutBatches(this.#corpus.heldOut, shape, heldOutBatchesMost);
    const heldOutLoss = finiteLoss(await evaluate(this.#trainer, windows));
    signal.throwIfAborted();
    this.#tell({ event: 'round', round: round.round, base: round.base, steps: localSteps, heldOutLoss });
    await this.#steps(round, meter, signal);
    const { parameters, ...after } = await this.#trainer.save();
    signal.throwIfAborted();
    this.#start = { ...after, sampler: this.#sampler.save() };
    const tokens = localSteps * shape.batch * shape.sequence;
    return { parameters, steps: localSteps, tokens, trainingLoss: meter.meanLoss, heldOutLoss };
  }

  async #steps({ round, localSteps }: Round, meter: Meter, signal: AbortSignal): Promise<void> {
    this.#pace.start();
    meter.start(0);
    for (let done = 1; done <= localSteps; done++) {
      this.#trainer.step(this.#sampler.next(), this.#learningRate(round, done - 1));
      const waited = await this.#pace.stepGiven(signal);
      if (meter.isDue(done)) {
        const { tokens, trainingLoss, tokensPerSecond } = meter.read(done, await this.#trainer.loss());
        const step = { step: done, steps: localSteps, tokens, loss: trainingLoss, tokensPerSecond };
        this.#tell({ event: 'step', round, ...step });
        this.#pace.start();
      } else if (waited) meter.done(done);
      if (done < localSteps && (await this.#gate.passed(signal))) {
        this.#pace.start();
        meter.start(done);
      }
      signal.throwIfAborted();
    }
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
    this.#trainer = await makeTrainer(this.#device, this.#agreement);
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

function makeTrainer(device: Device, { config, shape, optimizer }: Agreement): Promise<Trainer> {
  return Trainer.create(device, config, shape, optimizer);
}
