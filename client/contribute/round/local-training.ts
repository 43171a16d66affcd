import { type Corpus, type TokenizedCorpus, tokenizeCorpus } from '../../data/corpus.ts';
import { heldOutBatches, Sampler } from '../../data/sampler.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { Tokens } from '../../data/tokens.ts';
import { printable, TapestryError } from '../../errors.ts';
import { headSizeOf } from '../../formats/decoder/head-size.ts';
import type { Device } from '../../gpu/device.ts';
import type { KernelRecord } from '../../gpu/tuning/kernel-record.ts';
import type { Runtime } from '../../runtime.ts';
import type { Checkpoint, Place } from '../../train/checkpoint.ts';
import { evaluate } from '../../train/evaluate.ts';
import type { Trained } from '../../train/known-answer/answer.ts';
import { checkKernels } from '../../train/loop/kernel-check.ts';
import { TrainingLoop } from '../../train/loop/training-loop.ts';
import { finiteLoss, type TrainingProgress } from '../../train/loop/training-progress.ts';
import type { Trainer } from '../../train/trainer.ts';
import { freshOptimizer, type OptimizerState } from '../../train/training.ts';
import type { OnDevice } from '../encoding/delta-encoder.ts';
import type { ContributorEvent } from '../events.ts';
import type { RunTerms } from '../run-terms.ts';
import type { Round } from '../session/state.ts';
import type { InParts } from './partial-round.ts';
import { joinedAt, rateAfterJoining } from './rejoin.ts';

/** The loss of a base is measured on at most this many batches of held-out text. */
const maxHeldOutBatches = 8;

/** A node checks its kernels when it opens the model, and again before every so many rounds of training. */
const roundsBetweenChecks = 10;

/** The result of training one round from its base. */
export interface TrainedRound {
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly steps: number;
  readonly tokens: number;
  /** Losses in nats per token, each exactly a f32. */
  readonly trainingLoss: number;
  readonly heldOutLoss: number;
}

/** Training state that is carried from round to round. It has no parameters: each round begins with those of its base. */
export type RoundStart = Place<OptimizerState>;

/** How long a node has been in its run. */
export interface Presence {
  /** The round that it trained last; null before its first. */
  readonly round: number | null;
  /** See `joinedAt`. */
  readonly joinedAt: number | null;
}

/** The vectors of a round: it trains `parameters`, and reports the held-out loss of `measured`, its base if that is here. */
export interface RoundVectors {
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly measured: Float32Array<ArrayBuffer>;
}

/** When the node must stop training to be in time, on the clock of its runtime; infinite for a round without a plan. */
export type WorkUntil = () => number;

export interface TrainingOptions {
  readonly corpus: Corpus;
  /** The model's tokenizer. */
  readonly tokenizer: Tokenizer;
  readonly seed: number;
  readonly power: number;
  readonly tell: (event: ContributorEvent) => void;
}

/**
 * Local training of one run on one node. A round begins from the state after the last completed round. A stopped round
 * therefore changes nothing, and a round that loses its device ends with the same bits as without the loss.
 */
export class LocalTraining {
  /** The text that it trains on. */
  readonly text: Tokens;
  readonly #terms: RunTerms;
  readonly #heldOut: Tokens;
  readonly #tell: TrainingOptions['tell'];
  readonly #runtime: Pick<Runtime, 'now' | 'cache'>;
  readonly #sampler: Sampler;
  readonly #loop: TrainingLoop;
  #start: RoundStart;
  /** Rounds since the kernels were checked. */
  #unchecked = 0;
  #presence: Presence = { round: null, joinedAt: null };

  private constructor(
    loop: TrainingLoop,
    terms: RunTerms,
    sampler: Sampler,
    text: Pick<TokenizedCorpus, 'train' | 'heldOut'>,
    tell: TrainingOptions['tell'],
    runtime: Pick<Runtime, 'now' | 'cache'>,
  ) {
    this.#loop = loop;
    this.#terms = terms;
    this.#sampler = sampler;
    this.text = text.train;
    this.#heldOut = text.heldOut;
    this.#tell = tell;
    this.#runtime = runtime;
    this.#start = this.#fresh();
  }

  /**
   * Creates the model on `device`; `close` frees both. `kernels` are the kernels recorded in the state to restore.
   * @throws TapestryError `corpus.too-short`, and the errors of `TrainingLoop.open` and `checkKernels`
   */
  static async open(
    runtime: Runtime,
    device: Device,
    terms: RunTerms,
    options: TrainingOptions,
    kernels?: KernelRecord,
  ): Promise<LocalTraining> {
    const { seed, power, tell } = options;
    const { config, shape, optimizer, trainer } = terms;
    const { name, train, heldOut } = await tokenizeCorpus(options.corpus, options.tokenizer);
    if (heldOut.length < 2) {
      throw new TapestryError(
        'corpus.too-short',
        `${printable(name)} has no text to hold out.`,
        'Add text: a few paragraphs are enough.',
      );
    }
    tell({ event: 'corpus', tokens: train.length, heldOutTokens: heldOut.length });
    const sampler = new Sampler(train, shape, seed, printable(name));
    const settings = {
      config,
      shape,
      optimizer,
      trainer,
      power,
      ...(kernels && { kernels }),
      onKernels: tell,
    };
    const loop = await TrainingLoop.open(runtime, device, settings);
    const training = new LocalTraining(loop, terms, sampler, { train, heldOut }, tell, runtime);
    try {
      await training.#checkKernels();
    } catch (error) {
      training.close();
      throw error;
    }
    return training;
  }

  /** The state after the last completed round. */
  get start(): RoundStart {
    return this.#start;
  }

  get presence(): Presence {
    return this.#presence;
  }

  /** `start` with the kernels in use. */
  get checkpoint(): Checkpoint<OptimizerState> {
    return { ...this.#start, kernels: this.#loop.trainer.kernels };
  }

  get progress(): TrainingProgress {
    return this.#loop.progress;
  }

  /** @throws TapestryError `sampler.*` if the saved position belongs to other text; nothing is changed then */
  restore({ state, sampler }: RoundStart, presence: Presence): void {
    this.#sampler.restore(sampler);
    this.#start = { state, sampler };
    this.#presence = presence;
  }

  /** The vectors on the device, as the last training left them. */
  get onDevice(): OnDevice {
    const { device, trainer } = this.#loop;
    return { device, trained: trainer.model.trained };
  }

  setPower(power: number): void {
    this.#loop.power = power;
  }

  /** Pauses training at its next step until `release`. */
  hold(): void {
    this.#loop.pause();
  }

  release(): void {
    this.#loop.resume();
  }

  /** Gives a place at the next step, because the process may end without a warning. */
  placeSoon(): void {
    this.#loop.snapshotSoon();
  }

  /**
   * Trains the local steps of `round` from its vectors: those that end by `workUntil`, and one at least. It is asked after each
   * step. If the signal is aborted, it gives a place at the next step, and rejects with the signal's reason. Where a part is done, the
   * vectors and `start` are those at its end.
   * @throws TapestryError `training.diverged` or `train.not-finite`, `device.lost` if the device cannot be opened again, and the
   * errors of `checkKernels`
   */
  async train(
    round: Round,
    vectors: RoundVectors,
    workUntil: WorkUntil,
    signal: AbortSignal,
    { done, onPlace }: InParts = wholeRound,
  ): Promise<TrainedRound> {
    const { state: before, sampler } = this.#start;
    const { localSteps } = round;
    const { batch, sequence } = this.#terms.shape;
    if (this.#unchecked >= roundsBetweenChecks) await this.#checkKernels();
    this.#unchecked++;
    signal.throwIfAborted();
    const stepBefore = before.step - (done?.steps ?? 0);
    const updatesBefore = done?.updatesBefore ?? before.scaling?.appliedSteps ?? 0;
    const joined = joinedAt(
      { round: round.round, before: this.#presence.round, staleness: this.#terms.staleness },
      this.#presence.joinedAt,
      stepBefore,
    );
    let heldOutLoss = done?.heldOutLoss ?? Number.NaN;
    const { state, meanLoss, steps, ...after } = await this.#loop.run(
      {
        from: { state: { ...before, parameters: vectors.parameters }, sampler },
        ...(done && { done }),
        steps: localSteps,
        isEnough: () => this.#runtime.now() + this.#stepMilliseconds() > workUntil(),
        sampler: this.#sampler,
        learningRate: (step) =>
          rateAfterJoining(
            this.#terms.schedule,
            (round.round - 1) * this.#terms.localSteps + step,
            joined === null ? null : stepBefore - joined + step + 1,
          ),
        onLoaded: async (trainer) => {
          if (done === null) heldOutLoss = await this.#measure(trainer, vectors, signal);
          this.#tell({
            event: 'round',
            round: round.round,
            base: round.base,
            steps: localSteps,
            heldOutLoss,
          });
          if (done !== null)
            this.#tell({ event: 'round-resumed', round: round.round, step: done.steps, steps: localSteps });
        },
        onSnapshot: async ({ state, sampler: position, ...partial }, isAsked) => {
          const { kernels } = this.#loop.trainer;
          const checkpoint = { state, sampler: position, kernels };
          onPlace({ ...partial, heldOutLoss, updatesBefore, joinedAt: joined, checkpoint }, isAsked);
        },
        onProgress: ({ steps: step, trainingLoss: loss, ...counts }) =>
          this.#tell({ event: 'step', round: round.round, step, steps: localSteps, loss, ...counts }),
        onDeviceLost: (step, reason) =>
          this.#tell({ event: 'device-lost', round: round.round, step, reason }),
      },
      signal,
    );
    const { parameters, ...optimizer } = state;
    if (optimizer.scaling?.appliedSteps === updatesBefore) throw nothingLearned();
    this.#start = { state: optimizer, sampler: after.sampler };
    this.#presence = { round: round.round, joinedAt: joined };
    return { parameters, steps, tokens: steps * batch * sequence, trainingLoss: meanLoss, heldOutLoss };
  }

  /**
   * The loss of `parameters` on this node's own held-out text, in nats per token. Call it while no round is trained.
   * @throws TapestryError `train.not-finite`
   */
  async heldOutLoss(parameters: Float32Array<ArrayBuffer>): Promise<number> {
    const { trainer } = this.#loop;
    trainer.setParameters(parameters);
    return this.#evaluated(trainer);
  }

  /**
   * Resets the optimizer and the saved position in the text after training diverged: with the old moments the next round
   * would diverge too.
   */
  startOver(): void {
    this.#start = this.#fresh();
    this.#presence = { round: null, joinedAt: this.#start.state.step };
  }

  /** Frees the device. */
  close(): void {
    this.#loop.close();
  }

  /** The recent time of a step, pauses of the throttle included. */
  #stepMilliseconds(): number {
    const { batch, sequence } = this.#terms.shape;
    const { tokensPerSecond } = this.#loop.progress;
    return tokensPerSecond > 0 ? (1000 * batch * sequence) / tokensPerSecond : 0;
  }

  async #checkKernels(): Promise<void> {
    const { config, optimizer, trainer } = this.#terms;
    const trained: Trained = {
      headSize: headSizeOf(config),
      storage: trainer.storage ?? 'f32',
      optimizer: optimizer.muon === undefined ? 'adamw' : 'muon',
    };
    await checkKernels(this.#loop, this.#runtime.cache, trained, this.#tell);
    this.#unchecked = 0;
  }

  /** A new optimizer state, and the sampler's current position. */
  #fresh(): RoundStart {
    return { state: freshOptimizer(this.#terms.layout.length), sampler: this.#sampler.save() };
  }

  /** The loss of the vectors to measure on this node's own held-out text, in nats per token. */
  async #measure(
    trainer: Trainer,
    { parameters, measured }: RoundVectors,
    signal: AbortSignal,
  ): Promise<number> {
    if (measured !== parameters) trainer.setParameters(measured);
    const heldOutLoss = await this.#evaluated(trainer);
    if (measured !== parameters) trainer.setParameters(parameters);
    signal.throwIfAborted();
    return heldOutLoss;
  }

  /** The loss of what the trainer holds on this node's own held-out text. */
  async #evaluated(trainer: Trainer): Promise<number> {
    const windows = heldOutBatches(this.#heldOut, this.#terms.shape, maxHeldOutBatches);
    return finiteLoss(await evaluate(trainer, windows));
  }
}

const wholeRound: InParts = { done: null, onPlace: () => undefined };

/** The loss is finite, but no gradient was, so there is nothing to contribute. */
function nothingLearned(): TapestryError {
  return new TapestryError(
    'training.diverged',
    'No step of the round had a finite gradient.',
    'The node drops this round and trains from the next base.',
  );
}
