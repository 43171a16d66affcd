import type { ContributionFacts } from '../../../relay/wire/offer.ts';
import type { Acknowledgement } from '../../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../../errors.ts';
import type { Device } from '../../gpu/device.ts';
import type { Runtime } from '../../runtime.ts';
import { contentHash } from '../../sha256.ts';
import type { RunTerms } from '../run-terms.ts';
import type { Round } from '../session/state.ts';
import { BaseDelta } from './base-delta.ts';
import { encodeDelta, returned } from './error-feedback.ts';
import { LocalTraining, type TrainingOptions, type WorkUntil } from './local-training.ts';
import { isUnusableState, type NodeStore, type Saved } from './node-store.ts';
import type { Contribution } from './saved-state.ts';

/** The contribution that a node resumes from, and its receipt if the relay accepted it. */
interface Restored {
  readonly made: Contribution;
  readonly receipt: Acknowledgement | null;
}

/**
 * The work of one run on this node: fetches a base, trains from it, encodes the delta, and keeps the contribution until
 * the relay has accepted or refused it. Calls must not overlap.
 */
export class RoundWork {
  readonly training: LocalTraining;
  readonly #terms: RunTerms;
  readonly #store: NodeStore;
  readonly #runtime: Runtime;
  readonly #tell: TrainingOptions['tell'];
  #residual: Float32Array<ArrayBuffer>;
  #made: Contribution | null = null;

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
    const { contribution, checkpoint } = state;
    this.training.restore(checkpoint);
    this.#residual = receipt === null ? state.residual : contribution.residual;
    if (receipt === null) this.#made = contribution;
    this.#tell({ event: 'restored', round: contribution.round, steps: checkpoint.state.step });
    return { made: contribution, receipt };
  }

  /** The contribution with this payload; null if there is none or it is already settled. */
  made(payload: string): Contribution | null {
    return this.#made?.payload === payload ? this.#made : null;
  }

  /** Loads the round's base, from the relay where this node has it not. */
  async sync({ round, base }: Round, signal: AbortSignal): Promise<void> {
    this.#tell({ event: 'syncing', round, base });
    const startedAt = this.#runtime.now();
    const { fetched } = await this.#store.base(this.#terms, base, signal);
    const milliseconds = Math.round(this.#runtime.now() - startedAt);
    this.#tell({ event: 'synced', round, base, bytes: fetched, milliseconds });
  }

  /**
   * Trains the round, and returns its contribution after saving it; null if training diverged. A delta that is not finite
   * is never encoded.
   */
  async train(round: Round, workUntil: WorkUntil, signal: AbortSignal): Promise<Contribution | null> {
    const { clipNorm } = this.#terms.codec;
    // The round's bound follows what payloads represent, of which a delta of a sparse codec is only a part.
    const codec = { ...this.#terms.codec, clipNorm: Math.min(clipNorm, round.normBound) };
    const { parameters: base } = await this.#store.base(this.#terms, round.base, signal);
    try {
      const trained = await this.training.train(round, base, workUntil, signal);
      const delta = BaseDelta.between(base, trained.parameters, clipNorm);
      const { payload: bytes, residual } = encodeDelta(delta, this.#residual, codec);
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
      });
      signal.throwIfAborted();
      this.#made = contribution;
      this.#tell({ event: 'contribution', ...facts, norm: delta.norm });
      return contribution;
    } catch (error) {
      if (!isDivergence(error)) throw error;
      this.training.startOver();
      return null;
    }
  }

  /** The relay accepted the contribution: what its encoding left out is added to the next delta. */
  async accept(acknowledgement: Acknowledgement | null): Promise<void> {
    if (this.#made !== null) this.#residual = this.#made.residual;
    this.#made = null;
    if (acknowledgement !== null) await this.#store.saveReceipt(this.#terms.run, acknowledgement);
  }

  /** The contribution does not count, because it was refused, late or lost: see `returned`. */
  discard(): void {
    const made = this.#made;
    if (made === null) return;
    const { bytes: payload, residual } = made;
    this.#residual = returned({ payload, residual }, this.#residual, this.#terms.codec);
    this.#made = null;
  }
}

/** True if the error means that a round's training gave a loss, gradients or a delta that are not finite. */
function isDivergence(error: unknown): boolean {
  const codes = ['training.diverged', 'train.not-finite', 'delta.not-finite'];
  return error instanceof TapestryError && codes.includes(error.code);
}
