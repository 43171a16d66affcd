import type { Fragments } from '../../../relay/wire/fragments.ts';

type Vector = Float32Array<ArrayBuffer>;

/** A node's own parameters after its training of a round. */
export interface OwnParameters {
  readonly round: number;
  readonly parameters: Vector;
}

/** How a run synchronizes its nodes with the base. */
export interface Synchronization {
  readonly fragments: Fragments;
  /**
   * The part of its own values that a node retains where a round changed the base, if it takes the base after its local steps;
   * null if it takes the base before them, and retains none.
   */
  readonly localShare: number | null;
}

/**
 * The parameters that a node trains on from round to round, where each round synchronizes only a fragment of them (Streaming
 * DiLoCo, arXiv 2501.18512, algorithm 2). Where a round synchronizes the whole model, they are the base of each round.
 *
 * A node that did not train in the round before begins with the base: its own values are too old to send.
 */
export class LocalModel {
  readonly #of: Synchronization;
  #own: OwnParameters | null = null;

  constructor(of: Synchronization) {
    this.#of = of;
  }

  /** Null before the first round, and in a run that synchronizes the whole model. */
  get own(): OwnParameters | null {
    return this.#own;
  }

  /** What a round can begin with before its base has arrived; null if it has to wait for the base. */
  early(round: number): Vector | null {
    return this.#of.localShare === null ? null : (this.#current(round)?.parameters ?? null);
  }

  /** What a round begins with, given its base. */
  begin(round: number, base: Vector): Vector {
    const own = this.#current(round);
    if (own === null) return base;
    if (own.round === round) return own.parameters;
    const changed = this.#of.fragments.at(round - 1);
    return changed.into(own.parameters, changed.of(base));
  }

  /** What the local steps from `early` gave, with the base mixed in where the round before changed it. */
  mixed(round: number, trained: Vector, base: Vector): Vector {
    // A round that opened again has the base that its first attempt mixed in.
    if (this.#own?.round === round) return trained;
    const share = this.#of.localShare ?? 0;
    const changed = this.#of.fragments.at(round - 1);
    const [values, theirs] = [changed.of(trained), changed.of(base)];
    for (let i = 0; i < values.length; i++)
      values[i] = share * (values[i] ?? 0) + (1 - share) * (theirs[i] ?? 0);
    return changed.into(trained, values);
  }

  /** Takes the parameters after a round; null makes the next round begin with its base. */
  set(own: OwnParameters | null): void {
    this.#own = this.#of.fragments.count > 1 ? own : null;
  }

  /** Own parameters that a round may begin with. */
  #current(round: number): OwnParameters | null {
    const own = this.#own;
    return own !== null && (own.round === round || own.round === round - 1) ? own : null;
  }
}
