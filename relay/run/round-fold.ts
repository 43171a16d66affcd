import type { Codec } from '../wire/codec/codec.ts';
import { type Fragments, fragmentsOf } from '../wire/fragments.ts';
import type { WholeManifest } from '../wire/frames.ts';
import type { Hash } from '../wire/hex.ts';

import type { Downlink, Published } from './downlink/downlink.ts';
import { downlinkOf } from './downlink/downlink-of.ts';
import { cappedTokens } from './influence/cap.ts';
import { type Fate, fatesOf } from './influence/fates.ts';
import { Lengths } from './influence/lengths.ts';
import type { Merged } from './merge/merge.ts';
import { mergeOf } from './merge/merge-of.ts';
import { lowerMedian } from './norm-bound.ts';
import { outerOptimizerOf } from './outer/outer-of.ts';
import type { OuterOptimizer, State } from './outer/outer-optimizer.ts';
import { lotsOf, type Measurable, measured } from './quality/measure.ts';
import { type Standing, type Weighed, weigh } from './quality/weigh.ts';

/** A contribution of a round. Its payload passed `checkPayload`, and is read once for each pass of the merge rule. */
export interface FoldedContribution {
  readonly tokens: number;
  readonly payload: Hash;
  /** Needed by a manifest that measures contributions. */
  readonly standing?: Standing;
  read(): Promise<Uint8Array>;
}

export interface Folded {
  readonly state: State;
  /** See `Published`. */
  readonly delta: Published['delta'];
  /** See `Merged`. */
  readonly excluded: Merged['excluded'];
  /** The tokens with which each contribution counts. */
  readonly weighed: readonly Weighed[];
  readonly fates: readonly Fate[];
  /** The lower median of the contributions' L2 norms, in units, rounded up. */
  readonly norm: number;
}

/**
 * The one place that makes a base. It folds the payloads of a round into a merged delta, takes the outer step and
 * publishes what nodes get of it. The next state depends only on the state and on the contributions: the relay and every verifier derive the same bits. Memory is
 * O(parameters) for any number of contributions.
 */
export class RoundFold {
  readonly #manifest: WholeManifest;
  readonly #fragments: Fragments;
  readonly #codec: Codec;
  readonly #outer: OuterOptimizer;
  readonly #downlink: Downlink;
  #state: State;

  /** `state`: the base, and the vectors of the outer optimizer and the downlink, which may be omitted while they are zero. */
  constructor(manifest: WholeManifest, codec: Codec, state: State) {
    const { parameters } = manifest.model;
    this.#manifest = manifest;
    this.#fragments = fragmentsOf(manifest);
    this.#codec = codec;
    this.#outer = outerOptimizerOf(manifest.strategy);
    this.#downlink = downlinkOf(manifest);
    const vectors = this.#outer.vectors + this.#downlink.vectors;
    const zeros = Array.from({ length: vectors }, () => new Float32Array(parameters));
    this.#state = [...state, ...zeros].slice(0, 1 + vectors);
    if (this.#state.some((vector) => vector.length !== parameters))
      throw new RangeError("a vector of the state does not have the model's length");
  }

  /** The base that the contributions of the round were trained from. */
  get base(): Float32Array<ArrayBuffer> {
    return this.#state[0] ?? new Float32Array();
  }

  /**
   * The state after the contributions to `round`, counted from 1: at least one, in the order of the journal. Rejects with what
   * reading a payload throws, and has then changed nothing.
   */
  async next(round: number, contributions: readonly FoldedContribution[]): Promise<Folded> {
    const state = this.#state;
    const fragment = this.#fragments.at(round);
    const merge = mergeOf(this.#manifest, this.#fragments, fragment);
    const lengths = new Lengths(contributions, this.#fragments.length, this.#codec);
    const weighed = await this.#weigh(contributions, lengths.parts);
    const counted = [...weighed.keys()].filter((i) => (weighed[i]?.tokens ?? 0) > 0);
    const capped = cappedTokens(
      counted.map((i) => weighed[i]?.tokens ?? 0),
      this.#manifest.limits.weightShare,
    );
    const parts = counted.flatMap((i, at) => {
      const part = lengths.parts[i];
      return part === undefined ? [] : [{ ...part, tokens: capped[at] ?? 0 }];
    });
    const empty = () => ({ delta: new Float64Array(this.#fragments.length), excluded: [], shares: [] });
    const {
      delta: merged,
      excluded,
      shares,
    } = counted.length === 0 ? empty() : await merge.merge(parts, this.#codec.unit);
    const norm = Math.ceil(lowerMedian(lengths.norms()));
    const own = 1 + this.#outer.vectors;
    const before = state.slice(0, own);
    const part = await this.#outer.step(
      before.map((vector) => fragment.of(vector)),
      merged,
      round,
    );
    const stepped = before.map((vector, i) => fragment.into(vector, part[i] ?? vector));
    const { state: synchronized, delta } = await this.#downlink.publish(
      fragment.of(this.base),
      stepped.map((vector) => fragment.of(vector)),
      state.slice(own).map((vector) => fragment.of(vector)),
    );
    const next = state.map((vector, i) => fragment.into(vector, synchronized[i] ?? fragment.of(vector)));
    const left = excluded.map((at) => counted[at] ?? 0);
    const merges = counted.map((i, at) => ({ index: i, tokens: capped[at] ?? 0, share: shares[at] ?? 0 }));
    const tokens = contributions.map((one) => one.tokens);
    const fates = fatesOf(tokens, weighed, { merges, excluded: left }, this.#manifest.merge.case);
    return { state: next, delta, excluded: left, weighed, fates, norm };
  }

  /** The tokens with which contributions count: those that they claim, unless the manifest measures them. */
  async #weigh(
    contributions: readonly FoldedContribution[],
    payloads: readonly Measurable[],
  ): Promise<readonly Weighed[]> {
    const { quality } = this.#manifest;
    if (quality.case === 'claimed') return contributions.map(({ tokens }) => ({ tokens, reason: null }));
    const found = await measured(payloads, this.#fragments.length);
    const lots = lotsOf(contributions.map(({ payload }) => payload));
    const weighable = contributions.flatMap(({ tokens, standing }, i) => {
      const [own, lot] = [found[i], lots[i]];
      if (standing === undefined || own === undefined || lot === undefined)
        throw new RangeError('a contribution has no standing');
      return [{ ...standing, ...own, tokens, lot }];
    });
    return weigh(weighable, quality.value);
  }

  /** Replaces the base, which the next round begins from; the other vectors of the state stay. */
  adopt(base: Float32Array<ArrayBuffer>): void {
    this.#state = [base, ...this.#state.slice(1)];
  }

  /** Begins the next round from a state that `next()` gave. */
  commit(state: State): void {
    this.#state = state;
  }
}
