import type { PartName } from '../../../relay/wire/fragments.ts';
import { type TokenizedCorpus, tokenizeCorpus } from '../../data/corpus.ts';
import { heldOutBatches, Sampler } from '../../data/sampler.ts';
import type { Tokens } from '../../data/tokens.ts';
import { printable, TapestryError } from '../../errors.ts';
import { headSizeOf } from '../../formats/decoder/head-size.ts';
import { type Device, isTooSmall } from '../../gpu/device.ts';
import type { KernelRecord } from '../../gpu/tuning/kernel-record.ts';
import type { Runtime } from '../../runtime.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import { evaluate } from '../../train/evaluate.ts';
import type { Trained } from '../../train/known-answer/answer.ts';
import { checkKernels } from '../../train/loop/kernel-check.ts';
import { TrainingLoop } from '../../train/loop/training-loop.ts';
import {
  finiteLoss,
  nothingLearned,
  stepMilliseconds,
  type TrainingProgress,
} from '../../train/loop/training-progress.ts';
import type { Trainer } from '../../train/trainer.ts';
import type { OptimizerState } from '../../train/training.ts';
import type { OnDevice } from '../encoding/delta-encoder.ts';
import { TrainedValues } from '../part/trained-values.ts';
import type { RunTerms } from '../run-terms.ts';
import type { Round } from '../session/state.ts';
import type { InParts } from './partial-round.ts';
import { joinedAt, rateAfterJoining } from './rejoin.ts';
import type {
  Presence,
  RoundStart,
  RoundVectors,
  TrainedRound,
  TrainingOptions,
  WorkUntil,
} from './trained-round.ts';

/** The loss of a base is measured on at most this many batches of held-out text. */
const maxHeldOutBatches = 8;

/** A node checks its kernels when it opens the model, and again before every so many rounds of training. */
const roundsBetweenChecks = 10;

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
  /** What of the model it trains. */
  #values: TrainedValues;
  #start: RoundStart;
  /** Rounds since the kernels were checked. */
  #unchecked = 0;
  #presence: Presence = { round: null, joinedAt: null };

  private constructor(
    loop: TrainingLoop,
    terms: RunTerms,
    values: TrainedValues,
    sampler: Sampler,
    text: Pick<TokenizedCorpus, 'train' | 'heldOut'>,
    tell: TrainingOptions['tell'],
    runtime: Pick<Runtime, 'now' | 'cache'>,
  ) {
    this.#loop = loop;
    this.#terms = terms;
    this.#values = values;
    this.#sampler = sampler;
    this.text = text.train;
    this.#heldOut = text.heldOut;
    this.#tell = tell;
    this.#runtime = runtime;
    this.#start = this.#fresh();
  }

  /**
   * Creates the model on `device`, to train this part of it; `close` frees both. `kernels` are the kernels recorded in the state to
   * restore.
   * @throws TapestryError `corpus.too-short`, and the errors of `TrainingLoop.open` and `checkKernels`
   */
  static async open(
    runtime: Runtime,
    device: Device,
    terms: RunTerms,
    options: TrainingOptions,
    part: PartName = 'whole',
    kernels?: KernelRecord,
  ): Promise<LocalTraining> {
    const { seed, power, tell } = options;
    const { config, shape, optimizer } = terms;
    const values = new TrainedValues(terms, part);
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
      trainer: values.trainer,
      power,
      ...(kernels && { kernels }),
      onKernels: tell,
    };
    const loop = await TrainingLoop.open(runtime, device, settings);
    const training = new LocalTraining(loop, terms, values, sampler, { train, heldOut }, tell, runtime);
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

  /** What of the model it trains. */
  get part(): PartName {
    return this.#values.part;
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

  /**
   * Of a state of the whole model it takes what this training is of.
   * @throws TapestryError `sampler.*` if the saved position belongs to other text; nothing is changed then
   */
  restore({ state, sampler }: RoundStart, presence: Presence): void {
    this.#sampler.restore(sampler);
    const isOther = state.firstMoment.length !== this.#start.state.firstMoment.length;
    this.#start = { state: isOther ? this.#values.stateOf(state) : state, sampler };
    this.#presence = presence;
  }

  /** The vectors on the device, as the last training left them. */
  get onDevice(): OnDevice {
    const { device, trainer } = this.#loop;
    return { device, trained: trainer.model.trained };
  }

  /**
   * Trains this part from the next round on; call it while no round is trained. The upper layers retain their moments. The whole model begins
   * as on a node that joins late, because the layers below have no moments, or those of an older base.
   * @throws TapestryError as `open`; the whole model may need more memory than the device has, and then the part before goes on
   */
  async take(part: PartName): Promise<void> {
    if (part === this.part) return;
    const values = new TrainedValues(this.#terms, part);
    try {
      await this.#loop.change(values.trainer);
    } catch (error) {
      if (isTooSmall(error)) await this.#loop.change(this.#values.trainer);
      throw error;
    }
    await this.#checkKernels();
    this.#values = values;
    if (part === 'whole') this.startOver();
    else this.#start = { ...this.#start, state: values.stateOf(this.#start.state) };
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
    const values = this.#values;
    const frozen = values.frozenOf(vectors.parameters);
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
        from: { state: { ...before, parameters: values.of(vectors.parameters) }, sampler },
        ...(frozen && { frozen }),
        ...(done && { done }),
        steps: localSteps,
        isEnough: () =>
          this.#runtime.now() + stepMilliseconds(this.progress, this.#terms.shape) > workUntil(),
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
          const parameters = values.into(vectors.parameters, state.parameters);
          const checkpoint = { state: { ...state, parameters }, sampler: position, kernels };
          onPlace({ ...partial, heldOutLoss, updatesBefore, joinedAt: joined, checkpoint }, isAsked);
        },
        onProgress: ({ steps: step, trainingLoss: loss, ...counts }) =>
          this.#tell({ event: 'step', round: round.round, step, steps: localSteps, loss, ...counts }),
        onDeviceLost: (step, reason) =>
          this.#tell({ event: 'device-lost', round: round.round, step, reason }),
      },
      signal,
    );
    const { parameters: trained, ...optimizer } = state;
    if (optimizer.scaling?.appliedSteps === updatesBefore) throw nothingLearned();
    this.#start = { state: optimizer, sampler: after.sampler };
    this.#presence = { round: round.round, joinedAt: joined };
    const parameters = values.into(vectors.parameters, trained);
    return { parameters, steps, tokens: steps * batch * sequence, trainingLoss: meanLoss, heldOutLoss };
  }

  /**
   * The loss of `parameters` on this node's own held-out text, in nats per token. Call it while no round is trained.
   * @throws TapestryError `train.not-finite`
   */
  async heldOutLoss(parameters: Float32Array<ArrayBuffer>): Promise<number> {
    const { trainer } = this.#loop;
    this.#values.write(trainer, parameters);
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
    return { state: this.#values.fresh(), sampler: this.#sampler.save() };
  }

  /** The loss of the vectors to measure on this node's own held-out text, in nats per token. */
  async #measure(
    trainer: Trainer,
    { parameters, measured }: RoundVectors,
    signal: AbortSignal,
  ): Promise<number> {
    if (measured !== parameters) this.#values.write(trainer, measured);
    const heldOutLoss = await this.#evaluated(trainer);
    if (measured !== parameters) this.#values.write(trainer, parameters);
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
