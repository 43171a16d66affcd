import type { PartName } from '../../../relay/wire/fragments.ts';
import type { ContributionFacts } from '../../../relay/wire/offer.ts';
import type { Acknowledgement } from '../../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../../errors.ts';
import type { Device } from '../../gpu/device.ts';
import type { Runtime } from '../../runtime.ts';
import { contentHash } from '../../sha256.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import type { OptimizerState } from '../../train/training.ts';
import { DeltaEncoder } from '../encoding/delta-encoder.ts';
import { Residual } from '../encoding/residual.ts';
import { PartTraining } from '../part/part-training.ts';
import type { RunTerms } from '../run-terms.ts';
import type { Round } from '../session/state.ts';
import { BaseArrival } from './base-arrival.ts';
import { LocalModel } from './local-model.ts';
import type { LocalTraining } from './local-training.ts';
import {
  contributionOf,
  type MadeContribution,
  type NodeSnapshot,
  type UnfinishedRound,
} from './node-snapshot.ts';
import { isUnusableState, type NodeStore, type Saved } from './node-store.ts';
import type { RoundPlace } from './partial-round.ts';
import { RoundTraining } from './round-training.ts';
import type { Contribution, SavedState } from './saved-state.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import type { TrainingOptions, WorkUntil } from './trained-round.ts';

/** The contribution that a node resumes from, and its receipt if the relay accepted it. */
interface Restored {
  readonly made: Contribution;
  readonly receipt: Acknowledgement | null;
}

/**
 * The work of one run on this node: fetches a base, trains from it, encodes the delta, and keeps the contribution until
 * it is final or refused. Calls must not overlap, except that `conclude` may be called while `train` runs.
 */
export class RoundWork {
  readonly parts: PartTraining;
  readonly training: LocalTraining;
  readonly #terms: RunTerms;
  readonly #store: NodeStore;
  readonly #tell: TrainingOptions['tell'];
  readonly #local: LocalModel;
  readonly #bases: BaseArrival;
  readonly #rounds: RoundTraining;
  readonly #residual: Residual;
  #made: Contribution | null = null;
  /** The contribution in the saved state. */
  #last: MadeContribution | null = null;
  /** The round that a process before this one began. */
  #unfinished: (UnfinishedRound & { readonly round: number }) | null = null;
  readonly #snapshots: SnapshotWriter;
  readonly #encoder: DeltaEncoder;
  /** Steps done of the round that is being trained, and whether that round is over. */
  #steps = 0;
  #concluded = false;

  private constructor(
    runtime: Runtime,
    store: NodeStore,
    terms: RunTerms,
    parts: PartTraining,
    tell: TrainingOptions['tell'],
  ) {
    this.#store = store;
    this.#terms = terms;
    const { training } = parts;
    this.parts = parts;
    this.training = training;
    this.#tell = tell;
    this.#local = new LocalModel(terms);
    this.#bases = new BaseArrival(runtime, store, terms, tell);
    this.#rounds = new RoundTraining(training, this.#bases, this.#local);
    this.#encoder = new DeltaEncoder(terms, (reason) => tell({ event: 'encoding-on-processor', reason }));
    this.#residual = new Residual(terms, terms.layout.length);
    const file = {
      save: (snapshot: NodeSnapshot) => store.saveSnapshot(terms.run, snapshot),
      remove: () => store.removeSnapshot(terms.run),
    };
    this.#snapshots = new SnapshotWriter(runtime, file, tell);
  }

  /**
   * Resumes from the run's saved state and the snapshot of the work since, if there are any. `restored` is null where there is no state or
   * it cannot be used, and with a snapshot: the contribution before it is final.
   */
  static async open(
    runtime: Runtime,
    device: Device,
    store: NodeStore,
    terms: RunTerms,
    options: TrainingOptions,
  ): Promise<{ work: RoundWork; restored: Restored | null }> {
    let isReadable = true;
    const refused = (event: 'fresh' | 'round-lost') => (error: unknown) => {
      if (!isUnusableState(error)) throw error;
      options.tell({ event, reason: error.code });
      isReadable = false;
      return null;
    };
    const saved = await store.load(terms).catch(refused('fresh'));
    // Only with the saved state is it known whether the steps of a snapshot were contributed.
    const snapshot = isReadable
      ? await store.loadSnapshot(terms, saved?.state ?? null).catch(refused('round-lost'))
      : null;
    const before = snapshot ?? (saved && { ...saved.state, part: saved.state.contribution.part });
    const { part, checkpoint } = before ?? { part: 'whole', checkpoint: null };
    const trained = { part, ...(checkpoint && { kernels: checkpoint.kernels }) };
    const opened = await PartTraining.open(runtime, device, terms, options, trained);
    const work = new RoundWork(runtime, store, terms, opened, options.tell);
    const restore = async () => {
      if (snapshot === null) return saved && work.#restore(saved);
      work.#restoreSnapshot(snapshot);
      return null;
    };
    const restored = await restore().catch(refused('fresh'));
    // One that is void, or cannot be used.
    if (snapshot === null || !isReadable) work.#snapshots.clear();
    return { work, restored };
  }

  #restoreSnapshot(snapshot: NodeSnapshot): void {
    const { round, joinedAt, checkpoint, residual, own, unfinished, after } = snapshot;
    this.training.restore(checkpoint, { round, joinedAt });
    this.#local.set(own);
    this.#residual.values = residual;
    this.#last = after;
    this.#unfinished = unfinished && { ...unfinished, round };
    this.#tell({ event: 'restored', round, steps: checkpoint.state.step });
  }

  #restore({ state, receipt }: Saved): Restored {
    const { contribution, checkpoint, joinedAt, own } = state;
    const { round } = contribution;
    this.training.restore(checkpoint, { round, joinedAt });
    this.#local.set(own && { round, parameters: own });
    this.#residual.values = state.residual;
    this.#made = contribution;
    this.#last = contributionOf(state);
    this.#tell({ event: 'restored', round, steps: checkpoint.state.step });
    return { made: contribution, receipt };
  }

  /** The contribution with this payload; null if there is none or it is final or refused. */
  made(payload: string): Contribution | null {
    return this.#made?.payload === payload ? this.#made : null;
  }

  /**
   * Loads the round's base, from the relay where this node has it not, unless the round can begin without it. Another round that was
   * begun before the process is over: its steps return to the residual.
   */
  async sync(round: Round, signal: AbortSignal): Promise<void> {
    await this.#closeOther(round);
    if (this.#local.early(round.round) !== null) return;
    this.#tell({ event: 'syncing', round: round.round, base: round.base });
    await this.#bases.load(round, signal);
  }

  /** Returns the steps of an unfinished round to the residual, unless it is `round`. */
  async #closeOther(round: Round): Promise<void> {
    const unfinished = this.#unfinished;
    if (unfinished === null) return;
    const { round: number, base: hash, parameters, done } = unfinished;
    if (number === round.round && hash === round.base && done.steps <= round.localSteps) return;
    this.#unfinished = null;
    this.#residual.normBound = round.normBound;
    const base = await this.#store.storedBase(this.#terms, hash);
    if (base === null) {
      // The next base has replaced it already: without it the delta is not known.
      this.#local.set(null);
      this.#tell({ event: 'round-lost', reason: 'base.replaced' });
      return;
    }
    const early = this.#local.early(number);
    const local = early === null ? parameters : this.#local.mixed(number, parameters, base);
    this.#close(number, base, local);
    this.#tell({ event: 'round-returned', round: number, steps: done.steps });
    // The base is about to be replaced, and the snapshot on the disk needs it.
    await this.#snapshots.settled();
  }

  /** A round is over before its contribution was made: its delta returns to the residual, and the next round begins from `local`. */
  #close(round: number, base: Float32Array<ArrayBuffer>, local: Float32Array<ArrayBuffer>): void {
    const { part, checkpoint, presence } = this.training;
    this.#residual.takeLate({ round, part }, base, local);
    this.#local.set({ round, parameters: local });
    this.#snapshots.offer(this.#snapshotOf(round, presence.joinedAt, checkpoint, null), true);
  }

  #snapshotOf(
    round: number,
    joinedAt: number | null,
    checkpoint: Checkpoint<OptimizerState>,
    unfinished: UnfinishedRound | null,
  ): NodeSnapshot {
    const { part } = this.training;
    const common = { after: this.#last, part, residual: this.#residual.values, own: this.#local.own };
    return { ...common, round, joinedAt, checkpoint, unfinished };
  }

  /** Offers a place in the round to be stored. */
  #offerPlace({ round, base }: Round, place: RoundPlace, isAsked: boolean): void {
    const { checkpoint, joinedAt, ...done } = place;
    const { parameters, ...state } = checkpoint.state;
    const unfinished = { base, parameters, done };
    this.#snapshots.offer(this.#snapshotOf(round, joinedAt, { ...checkpoint, state }, unfinished), isAsked);
  }

  /** Trains this part from now on, but ends an unfinished round as it began. See `PartTraining.take`. */
  async take(part: PartName): Promise<void> {
    if (this.#unfinished === null) await this.parts.take(part);
  }

  /**
   * Trains the round, and returns its contribution after saving it; null if training diverged. A delta that is not finite
   * is never encoded. After `conclude` it returns null too: what was trained comes too late for its round, and is added to the
   * residual.
   */
  async train(round: Round, workUntil: WorkUntil, signal: AbortSignal): Promise<Contribution | null> {
    this.#residual.normBound = round.normBound;
    this.#steps = this.#unfinished?.done.steps ?? 0;
    this.#concluded = false;
    this.#snapshots.begin();
    const until = () => {
      this.#steps++;
      return this.#concluded ? Number.NEGATIVE_INFINITY : workUntil();
    };
    const begun = this.#unfinished;
    const onPlace = (place: RoundPlace, isAsked: boolean) => this.#offerPlace(round, place, isAsked);
    const found = { parameters: begun?.parameters ?? null, done: begun?.done ?? null, onPlace };
    try {
      const made = await this.#rounds.train(round, found, until, () => this.#concluded, signal);
      this.#unfinished = null;
      if (made === null) return null;
      const { base, trained, local } = made;
      if (this.#concluded) {
        this.#close(round.round, base, local);
        return null;
      }
      const { onDevice, part } = this.training;
      const before = this.#residual;
      const change = { round: round.round, part, base, local, residual: before.values };
      const { payload: bytes, residual, norm } = await this.#encoder.encode(change, before.codec, onDevice);
      const { steps, tokens, trainingLoss, heldOutLoss } = trained;
      const facts: ContributionFacts = {
        round: round.round,
        base: round.base,
        payload: await contentHash(bytes),
        payloadBytes: bytes.length,
        ...{ steps, tokens, trainingLoss, heldOutLoss },
        part,
      };
      const contribution: Contribution = { ...facts, bytes, residual };
      const state: SavedState = {
        checkpoint: this.training.checkpoint,
        residual: before.values,
        contribution,
        joinedAt: this.training.presence.joinedAt,
        own: this.#terms.fragments.count > 1 ? local : null,
      };
      await this.#store.save(this.#terms.run, state);
      this.#last = contributionOf(state);
      this.#snapshots.clear();
      signal.throwIfAborted();
      this.#made = contribution;
      this.#local.set({ round: round.round, parameters: local });
      if (this.#concluded) {
        this.discard();
        return null;
      }
      this.#tell({ event: 'contribution', ...facts, norm });
      return contribution;
    } catch (error) {
      if (!isDivergence(error)) throw error;
      this.training.startOver();
      this.#local.set(null);
      this.#unfinished = null;
      this.#snapshots.clear();
      return null;
    }
  }

  /** Ends `train` at its next step, because its round is over. False if it has done no step yet, and would only waste one. */
  conclude(): boolean {
    this.#concluded = this.#steps > 0;
    return this.#concluded;
  }

  /** The relay accepted the contribution. It is not final yet: its attempt may be abandoned. */
  async accept(acknowledgement: Acknowledgement | null): Promise<void> {
    if (acknowledgement !== null) await this.#store.saveReceipt(this.#terms.run, acknowledgement);
  }

  /**
   * Measures the base that `round`, the run's last one, made. Other bases are measured by the round that begins from them, and none begins
   * from this one. A relay that ends with its run, or a device that is lost now, leaves it unmeasured: the work itself is done.
   */
  async measureLast({ round, base }: Pick<Round, 'round' | 'base'>, signal: AbortSignal): Promise<void> {
    try {
      const parameters = await this.#bases.load({ round: round + 1, base }, signal);
      const heldOutLoss = await this.training.heldOutLoss(parameters);
      if (!signal.aborted) this.#tell({ event: 'last-base', round, base, heldOutLoss });
    } catch (error) {
      if (!signal.aborted && !(error instanceof TapestryError)) throw error;
    }
  }

  /** The contribution is final: what its encoding left out is added to the next delta. */
  settle(): void {
    if (this.#made !== null) this.#residual.values = this.#made.residual;
    this.#made = null;
  }

  /** The contribution does not count, because it was refused, late or lost: see `Residual.takeBack`. */
  discard(): void {
    const made = this.#made;
    if (made === null) return;
    this.#residual.takeBack(made, { payload: made.bytes, residual: made.residual });
    this.#made = null;
  }

  /** Waits until what was stored is durable, and frees the device. Of a run that is over no snapshot is left. */
  async close(isOver: boolean): Promise<void> {
    if (isOver) this.#snapshots.clear();
    await this.#snapshots.settled();
    this.#encoder.close();
    this.training.close();
  }
}

/** True if the error means that a round's training gave a loss, gradients or a delta that are not finite. */
function isDivergence(error: unknown): boolean {
  const codes = ['training.diverged', 'train.not-finite', 'delta.not-finite'];
  return error instanceof TapestryError && codes.includes(error.code);
}
