import type { Codec } from '../wire/codec/codec.ts';
import { type Fragments, fragmentsOf } from '../wire/fragments.ts';
import type { WholeManifest } from '../wire/frames.ts';
import type { Hash } from '../wire/hex.ts';
import { decodeInSlices, plusSquares, type Span, type TakeSlice } from './aggregate.ts';
import type { Downlink, Published } from './downlink/downlink.ts';
import { downlinkOf } from './downlink/downlink-of.ts';
import { cappedTokens } from './influence/cap.ts';
import { type Fate, fatesOf } from './influence/fates.ts';
import type { Merged } from './merge/merge.ts';
import { mergeOf } from './merge/merge-of.ts';
import { lowerMedian } from './norm-bound.ts';
import { outerOptimizerOf } from './outer/outer-of.ts';
import type { OuterOptimizer, State } from './outer/outer-optimizer.ts';

/** A contribution of a round. Its payload passed `checkPayload`, and is read once for each pass of the merge rule. */
export interface FoldedContribution {
  readonly tokens: number;
  readonly payload: Hash;
  read(): Promise<Uint8Array>;
}

export interface Folded {
  readonly state: State;
  /** See `Published`. */
  readonly delta: Published['delta'];
  /** See `Merged`. */
  readonly excluded: Merged['excluded'];
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
  readonly #rule: WholeManifest['merge']['case'];
  readonly #weightShare: number;
  readonly #outer: OuterOptimizer;
  readonly #downlink: Downlink;
  #state: State;

  /** `state`: the base, and the vectors of the outer optimizer and the downlink, which may be omitted while they are zero. */
  constructor(manifest: WholeManifest, codec: Codec, state: State) {
    const { parameters } = manifest.model;
    this.#manifest = manifest;
    this.#fragments = fragmentsOf(manifest);
    this.#codec = codec;
    this.#rule = manifest.merge.case;
    this.#weightShare = manifest.limits.weightShare;
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
    // Each merge rule reads each payload whole, in order, at least once.
    const measured = contributions.map(() => ({ squares: 0, through: 0 }));
    const tokens = contributions.map((one) => one.tokens);
    const capped = cappedTokens(tokens, this.#weightShare);
    const parts = contributions.map(({ payload, read }, index) => ({
      tokens: capped[index] ?? 0,
      payload,
      decode: async (take: TakeSlice, span?: Span) => {
        const own = measured[index] ?? { squares: 0, through: 0 };
        const measure: TakeSlice = (slice) => {
          if (slice.from === own.through) {
            own.squares = plusSquares(own.squares, slice.integers);
            own.through = slice.to;
          }
          take(slice);
        };
        await decodeInSlices(await read(), this.#fragments.length, this.#codec, measure, span);
      },
    }));
    const { delta: merged, ...counted } = await merge.merge(parts, this.#codec.unit);
    const norm = Math.ceil(lowerMedian(measured.map(({ squares }) => Math.sqrt(squares))));
    const own = 1 + this.#outer.vectors;
    const before = state.slice(0, own);
    const part = await this.#outer.step(
      before.map((vector) => fragment.of(vector)),
      merged,
      round,
    );
    const stepped = before.map((vector, i) => fragment.into(vector, part[i] ?? vector));
    const published = await this.#downlink.publish(this.base, stepped, state.slice(own));
    const fates = fatesOf(tokens, capped, counted, this.#rule);
    return { ...published, excluded: counted.excluded, fates, norm };
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
