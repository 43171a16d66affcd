import type { Codec } from '../../../relay/wire/codec/codec.ts';
import type { ContributionFacts } from '../../../relay/wire/offer.ts';
import type { Acknowledgement } from '../../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../../errors.ts';
import type { Device } from '../../gpu/device.ts';
import { retryDelay } from '../../retry-delay.ts';
import type { Runtime } from '../../runtime.ts';
import { contentHash } from '../../sha256.ts';
import type { RunTerms } from '../run-terms.ts';
import type { Round } from '../session/state.ts';
import { BaseDelta } from './base-delta.ts';
import { encodeDelta, returned, withLate } from './error-feedback.ts';
import { LocalModel } from './local-model.ts';
import { LocalTraining, type TrainedRound, type TrainingOptions, type WorkUntil } from './local-training.ts';
import { isUnusableState, type NodeStore, type Saved } from './node-store.ts';
import type { Contribution } from './saved-state.ts';

/** The contribution that a node resumes from, and its receipt if the relay accepted it. */
interface Restored {
  readonly made: Contribution;
  readonly receipt: Acknowledgement | null;
}

/** A round that was trained: its base, and this node's own parameters after it. */
interface LocalRound {
  readonly base: Float32Array<ArrayBuffer>;
  readonly trained: TrainedRound;
  readonly local: Float32Array<ArrayBuffer>;
}

/** Delays between attempts to load a base while its round is trained. */
const backoff = { firstMilliseconds: 1000, lastMilliseconds: 60_000 } as const;

/**
 * The work of one run on this node: fetches a base, trains from it, encodes the delta, and keeps the contribution until
 * it is final or refused. Calls must not overlap, except that `conclude` may be called while `train` runs.
 */
export class RoundWork {
  readonly training: LocalTraining;
  readonly #terms: RunTerms;
  readonly #store: NodeStore;
  readonly #runtime: Runtime;
  readonly #tell: TrainingOptions['tell'];
  readonly #local: LocalModel;
  #residual: Float32Array<ArrayBuffer>;
  #made: Contribution | null = null;
  /** Steps done of the round that is being trained, and whether that round is over. */
  #steps = 0;
  #concluded = false;
  /** The greatest norm of a delta in the newest round. */
  #normBound = Number.POSITIVE_INFINITY;

  private constructor(
    runtime: Runtime,
    store: NodeStore,
    terms: RunTerms,
    training: LocalTraining,
    tell: TrainingOptions['tell'],
  ) {
    this.#runtime = runtime;
    this.#store = store;
    this.#terms = terms;
    this.training = training;
    this.#tell = tell;
    this.#local = new LocalModel(terms);
    this.#residual = new Float32Array(terms.layout.length);
  }

  /**
   * Resumes from the run's saved state if there is one; `restored` is null if there is none or it cannot be used.
   */
  static async open(
    runtime: Runtime,
    device: Device,
    store: NodeStore,
    terms: RunTerms,
    options: TrainingOptions,
  ): Promise<{ work: RoundWork; restored: Restored | null }> {
    const fresh = (error: unknown) => {
      if (!isUnusableState(error)) throw error;
      options.tell({ event: 'fresh', reason: error.code });
      return null;
    };
    const saved = await store.load(terms).catch(fresh);
    const training = await LocalTraining.open(
      runtime,
      device,
      terms,
      options,
      saved?.state.checkpoint.kernels,
    );
    const work = new RoundWork(runtime, store, terms, training, options.tell);
    return { work, restored: saved && (await work.#restore(saved).catch(fresh)) };
  }

  async #restore({ state, receipt }: Saved): Promise<Restored> {
    const { contribution, checkpoint, joinedAt, own } = state;
    const { round } = contribution;
    this.training.restore(checkpoint, { round, joinedAt });
    this.#local.set(own && { round, parameters: own });
    this.#residual = state.residual;
    this.#made = contribution;
    this.#tell({ event: 'restored', round, steps: checkpoint.state.step });
    return { made: contribution, receipt };
  }

  /** The contribution with this payload; null if there is none or it is final or refused. */
  made(payload: string): Contribution | null {
    return this.#made?.payload === payload ? this.#made : null;
  }

  /** Loads the round's base, from the relay where this node has it not, unless the round can begin without it. */
  async sync(round: Round, signal: AbortSignal): Promise<void> {
    if (this.#local.early(round.round) !== null) return;
    this.#tell({ event: 'syncing', round: round.round, base: round.base });
    await this.#base(round, signal);
  }

  /** The round's base, from the relay where this node has it not. */
  async #base(
    { round, base }: Pick<Round, 'round' | 'base'>,
    signal: AbortSignal,
  ): Promise<Float32Array<ArrayBuffer>> {
    const startedAt = this.#runtime.now();
    const { parameters, fetched } = await this.#store.base(this.#terms, base, signal);
    const milliseconds = Math.round(this.#runtime.now() - startedAt);
    this.#tell({ event: 'synced', round, base, bytes: fetched, milliseconds });
    return parameters;
  }

  /** The base of a round that is trained meanwhile: a relay that does not answer delays only its contribution. */
  async #arrived(round: Round, signal: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#base(round, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TapestryError && error.code.startsWith('relay.'))) throw error;
      }
      await this.#runtime.sleep(retryDelay(backoff, attempt, 0), signal);
      signal.throwIfAborted();
    }
  }

  /**
   * Trains the round, and returns its contribution after saving it; null if training diverged. A delta that is not finite
   * is never encoded. After `conclude` it returns null too: what was trained comes too late for its round, and is added to the
   * residual.
   */
  async train(round: Round, workUntil: WorkUntil, signal: AbortSignal): Promise<Contribution | null> {
    const { clipNorm } = this.#terms.codec;
    this.#normBound = round.normBound;
    this.#steps = 0;
    this.#concluded = false;
    const until = () => {
      this.#steps++;
      return this.#concluded ? Number.NEGATIVE_INFINITY : workUntil();
    };
    const fragment = this.#terms.fragments.at(round.round);
    const early = this.#local.early(round.round);
    try {
      const made =
        early === null
          ? await this.#trainFromBase(round, until, signal)
          : await this.#trainMeanwhile(round, early, until, signal);
      if (made === null) return null;
      const { base, trained, local } = made;
      const delta = BaseDelta.between(fragment.of(base), fragment.of(local), clipNorm);
      const before = fragment.of(this.#residual);
      if (this.#concluded) {
        this.#residual = fragment.into(this.#residual, withLate(delta, before, this.#codec));
        this.#local.set({ round: round.round, parameters: local });
        return null;
      }
      const { payload: bytes, residual: left } = encodeDelta(delta, before, this.#codec);
      const residual = fragment.into(this.#residual, left);
      const { steps, tokens, trainingLoss, heldOutLoss } = trained;
      const facts: ContributionFacts = {
        round: round.round,
        base: round.base,
        payload: await contentHash(bytes),
        payloadBytes: bytes.length,
        ...{ steps, tokens, trainingLoss, heldOutLoss },
      };
      const contribution: Contribution = { ...facts, bytes, residual };
      await this.#store.save(this.#terms.run, {
        checkpoint: this.training.checkpoint,
        residual: this.#residual,
        contribution,
        joinedAt: this.training.presence.joinedAt,
        own: this.#terms.fragments.count > 1 ? local : null,
      });
      signal.throwIfAborted();
      this.#made = contribution;
      this.#local.set({ round: round.round, parameters: local });
      if (this.#concluded) {
        this.discard();
        return null;
      }
      this.#tell({ event: 'contribution', ...facts, norm: delta.norm });
      return contribution;
    } catch (error) {
      if (!isDivergence(error)) throw error;
      this.training.startOver();
      this.#local.set(null);
      return null;
    }
  }

  /** Ends `train` at its next step, because its round is over. False if it has done no step yet, and would only waste one. */
  conclude(): boolean {
    this.#concluded = this.#steps > 0;
    return this.#concluded;
  }

  /** The codec with the bound of the newest round, which follows what payloads represent: with a sparse codec a part of a delta. */
  get #codec(): Codec {
    const { codec } = this.#terms;
    return { ...codec, clipNorm: Math.min(codec.clipNorm, this.#normBound) };
  }

  /** The relay accepted the contribution. It is not final yet: its attempt may be abandoned. */
  async #trainFromBase(round: Round, workUntil: WorkUntil, signal: AbortSignal): Promise<LocalRound> {
    const { parameters: base } = await this.#store.base(this.#terms, round.base, signal);
    const vectors = { parameters: this.#local.begin(round.round, base), measured: base };
    const trained = await this.training.train(round, vectors, workUntil, signal);
    return { base, trained, local: trained.parameters };
  }

  /** Trains from this node's own parameters while the base arrives, and mixes it in. Null if the round was over before it arrived. */
  async #trainMeanwhile(
    round: Round,
    early: Float32Array<ArrayBuffer>,
    workUntil: WorkUntil,
    signal: AbortSignal,
  ): Promise<LocalRound | null> {
    const ending = new AbortController();
    let base: Float32Array<ArrayBuffer> | null = null;
    const arriving = this.#arrived(round, AbortSignal.any([signal, ending.signal])).then((arrived) => {
      base = arrived;
    });
    // Its error is thrown below, after training.
    arriving.catch(() => undefined);
    try {
      const vectors = { parameters: early, measured: early };
      const trained = await this.training.train(round, vectors, workUntil, signal);
      // The relay may not store the base of a round that is over: the next round begins with its own.
      if (this.#concluded && base === null) {
        this.#local.set(null);
        return null;
      }
      await arriving;
      return base && { base, trained, local: this.#local.mixed(round.round, trained.parameters, base) };
    } finally {
      ending.abort();
      await arriving.catch(() => undefined);
    }
  }

  /** The relay accepted the contribution: what its encoding left out is added to the next delta. */
  async accept(acknowledgement: Acknowledgement | null): Promise<void> {
    if (acknowledgement !== null) await this.#store.saveReceipt(this.#terms.run, acknowledgement);
  }

  /**
   * Measures the base that `round`, the run's last one, made. Other bases are measured by the round that begins from them, and none begins
   * from this one. A relay that ends with its run, or a device that is lost now, leaves it unmeasured: the work itself is done.
   */
  async measureLast({ round, base }: Pick<Round, 'round' | 'base'>, signal: AbortSignal): Promise<void> {
    try {
      const parameters = await this.#base({ round: round + 1, base }, signal);
      const heldOutLoss = await this.training.heldOutLoss(parameters);
      if (!signal.aborted) this.#tell({ event: 'last-base', round, base, heldOutLoss });
    } catch (error) {
      if (!signal.aborted && !(error instanceof TapestryError)) throw error;
    }
  }

  /** The contribution is final: what its encoding left out is added to the next delta. */
  settle(): void {
    if (this.#made !== null) this.#residual = this.#made.residual;
    this.#made = null;
  }

  /** The contribution does not count, because it was refused, late or lost: see `returned`. */
  discard(): void {
    const made = this.#made;
    if (made === null) return;
    const { bytes: payload, residual: left } = made;
    const fragment = this.#terms.fragments.at(made.round);
    const residual = returned({ payload, residual: fragment.of(left) }, this.#codec);
    this.#residual = fragment.into(this.#residual, residual);
    this.#made = null;
  }
}

/** True if the error means that a round's training gave a loss, gradients or a delta that are not finite. */
function isDivergence(error: unknown): boolean {
  const codes = ['training.diverged', 'train.not-finite', 'delta.not-finite'];
  return error instanceof TapestryError && codes.includes(error.code);
}
