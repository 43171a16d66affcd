import type { Round } from '../session/state.ts';
import type { BaseArrival } from './base-arrival.ts';
import type { LocalModel } from './local-model.ts';
import type { LocalTraining } from './local-training.ts';
import type { InParts } from './partial-round.ts';
import type { TrainedRound, WorkUntil } from './trained-round.ts';

type Vector = Float32Array<ArrayBuffer>;

/** A round that was trained: its base, and this node's own parameters after it. */
export interface LocalRound {
  readonly base: Vector;
  readonly trained: TrainedRound;
  readonly local: Vector;
}

/** A round as this node finds it. `parameters` are those after the part that is done; null for a round that begins. */
export interface FoundRound extends InParts {
  readonly parameters: Vector | null;
}

/** Trains rounds from what they begin with: their base, or this node's own parameters while the base arrives. */
export class RoundTraining {
  readonly #training: LocalTraining;
  readonly #bases: BaseArrival;
  readonly #local: LocalModel;

  constructor(training: LocalTraining, bases: BaseArrival, local: LocalModel) {
    this.#training = training;
    this.#bases = bases;
    this.#local = local;
  }

  /**
   * Trains a round; see `LocalTraining.train`. Null if the round was over, as `isOver` says, before its base arrived.
   * @throws TapestryError those of `LocalTraining.train` and `BaseArrival.load`
   */
  async train(
    round: Round,
    found: FoundRound,
    workUntil: WorkUntil,
    isOver: () => boolean,
    signal: AbortSignal,
  ): Promise<LocalRound | null> {
    const early = this.#local.early(round.round);
    if (early !== null) return this.#meanwhile(round, early, found, workUntil, isOver, signal);
    const base = await this.#bases.held(round, signal);
    const parameters = found.parameters ?? this.#local.begin(round.round, base);
    const vectors = { parameters, measured: base };
    const trained = await this.#training.train(round, vectors, workUntil, signal, found);
    return { base, trained, local: trained.parameters };
  }

  /** Trains from this node's own parameters while the base arrives, and mixes it in. */
  async #meanwhile(
    round: Round,
    early: Vector,
    found: FoundRound,
    workUntil: WorkUntil,
    isOver: () => boolean,
    signal: AbortSignal,
  ): Promise<LocalRound | null> {
    const ending = new AbortController();
    let base: Vector | null = null;
    const arriving = this.#bases.arrived(round, AbortSignal.any([signal, ending.signal])).then((arrived) => {
      base = arrived;
    });
    // Its error is thrown below, after training.
    arriving.catch(() => undefined);
    try {
      const vectors = { parameters: found.parameters ?? early, measured: early };
      const trained = await this.#training.train(round, vectors, workUntil, signal, found);
      // The relay may not store the base of a round that is over: the next round begins with its own.
      if (isOver() && base === null) {
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
}
