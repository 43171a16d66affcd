import type { Acknowledgement } from '../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Agreement } from './agreement.ts';
import { encodeDelta } from './codec.ts';
import { BaseDelta } from './delta.ts';
import { hashOf } from './download.ts';
import type { Host } from './host.ts';
import { isUnusableState, type Keep, type Saved } from './keep.ts';
import { LocalTraining, type TrainingOptions } from './local-training.ts';
import type { Round } from './session.ts';
import type { Contribution } from './state.ts';

/** A contribution that is made and not settled, with the hash it goes by. */
export interface Made extends Contribution {
  /** SHA-256 of the payload, hex. */
  readonly hash: string;
}

/** What a node goes on from. */
interface Restored {
  readonly made: Made;
  readonly receipt: Acknowledgement | null;
}

/**
 * The work of one run on this node: fetch a base, train from it, encode the delta, remember it until the relay has
 * settled it. One call at a time.
 */
export class RoundWork {
  readonly training: LocalTraining;
  readonly #agreement: Agreement;
  readonly #keep: Keep;
  readonly #host: Host;
  readonly #tell: TrainingOptions['tell'];
  #residual: Float32Array<ArrayBuffer>;
  #made: Made | null = null;

  private constructor(
    host: Host,
    keep: Keep,
    agreement: Agreement,
    training: LocalTraining,
    tell: TrainingOptions['tell'],
  ) {
    this.#host = host;
    this.#keep = keep;
    this.#agreement = agreement;
    this.training = training;
    this.#tell = tell;
    this.#residual = new Float32Array(agreement.layout.length);
  }

  /** Goes on from this run's saved state where there is one; `receipt` is of the contribution in it, if accepted. */
  static async open(
    host: Host,
    device: Device,
    keep: Keep,
    agreement: Agreement,
    options: TrainingOptions,
  ): Promise<{ work: RoundWork; restored: Restored | null }> {
    const afresh = (error: unknown) => {
      if (!isUnusableState(error)) throw error;
      options.tell({ event: 'fresh', reason: error.code });
      return null;
    };
    const saved = await keep.load(agreement).catch(afresh);
    const training = await LocalTraining.open(host, device, agreement, options, saved?.state.kernels);
    const work = new RoundWork(host, keep, agreement, training, options.tell);
    return { work, restored: saved && (await work.#restore(saved).catch(afresh)) };
  }

  async #restore({ state, receipt }: Saved): Promise<Restored> {
    const { contribution } = state;
    this.training.restore(state);
    this.#residual = receipt === null ? state.residual : contribution.residual;
    const made = { ...contribution, hash: await hashOf(contribution.payload) };
    if (receipt === null) this.#made = made;
    this.#tell({ event: 'restored', round: contribution.round, steps: state.step });
    return { made, receipt };
  }

  /** The contribution that goes by `hash`, while it is not settled. */
  made(hash: string): Made | null {
    return this.#made?.hash === hash ? this.#made : null;
  }

  /** Has the round's base at hand. */
  async sync({ round, base }: Round, signal: AbortSignal): Promise<void> {
    this.#tell({ event: 'syncing', round, base });
    const startedAt = this.#host.now();
    const { fetched } = await this.#keep.base(base, this.#agreement.layout.length, signal);
    const milliseconds = Math.round(this.#host.now() - startedAt);
    this.#tell({ event: 'synced', round, base, bytes: fetched, milliseconds });
  }

  /**
   * Trains the round and makes its contribution, saved before it is given back; null where training diverged.
   * Whatever is not finite ends here and is never encoded.
   */
  async train(round: Round, signal: AbortSignal): Promise<Made | null> {
    const { codec, layout } = this.#agreement;
    const { parameters: base } = await this.#keep.base(round.base, layout.length, signal);
    try {
      const trained = await this.training.train(round, base, signal);
      const delta = BaseDelta.between(base, trained.parameters, codec.clipNorm);
      const { payload, residual } = encodeDelta(delta, this.#residual, codec);
      const hash = await hashOf(payload);
      const { steps, tokens, trainingLoss, heldOutLoss } = trained;
      const facts = { round: round.round, steps, tokens, trainingLoss, heldOutLoss };
      const made: Made = { ...facts, base: round.base, payload, residual, hash };
      await this.#keep.save(this.#agreement.run, {
        ...this.training.start,
        kernels: this.training.kernels,
        residual: this.#residual,
        contribution: made,
      });
      signal.throwIfAborted();
      this.#made = made;
      const { norm } = delta;
      this.#tell({ event: 'contribution', ...facts, payload: hash, bytes: payload.length, norm });
      return made;
    } catch (error) {
      if (!isDivergence(error)) throw error;
      this.training.startOver();
      return null;
    }
  }

  /** The relay holds the contribution: what rounding took off it is fed back into the next. */
  async accept(acknowledgement: Acknowledgement | null): Promise<void> {
    if (this.#made !== null) this.#residual = this.#made.residual;
    this.#made = null;
    if (acknowledgement !== null) await this.#keep.saveReceipt(acknowledgement);
  }

  /** The contribution is given up; the residual stays as it was before it. */
  discard(): void {
    this.#made = null;
  }
}

/** Whether a round's training led to what is of no use: a loss, gradients or a delta that are not finite. */
function isDivergence(error: unknown): boolean {
  const codes = ['training.diverged', 'train.not-finite', 'delta.not-finite'];
  return error instanceof TapestryError && codes.includes(error.code);
}
