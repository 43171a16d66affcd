import type { Codec } from '../wire/codec/codec.ts';
import { type Fragments, fragmentsOf, type PartName } from '../wire/fragments.ts';
import type { WholeManifest } from '../wire/frames.ts';
import type { Hash } from '../wire/hex.ts';

import type { Downlink, Published } from './downlink/downlink.ts';
import { downlinkOf } from './downlink/downlink-of.ts';
import { type Fate, fatesOf } from './influence/fates.ts';
import { Lengths } from './influence/lengths.ts';
import type { Merged } from './merge/merge.ts';
import { lowerMedian } from './norm-bound.ts';
import { outerOptimizerOf } from './outer/outer-of.ts';
import type { OuterOptimizer, State } from './outer/outer-optimizer.ts';
import { lotsOf, sketchesOf } from './quality/measure.ts';
import { type Standing, type Weighed, weigh } from './quality/weigh.ts';
import { deltaOf, leftOut, type MergedRange, mergeRange } from './ranges/merge-range.ts';
import { grantedValues, inRange, type ReadPart } from './ranges/range-part.ts';
import { beginOf, type Range, roundRanges } from './ranges/ranges.ts';

/** A contribution of a round. Its payload passed `checkPayload`, and is read once for each pass of the merge rule. */
export interface FoldedContribution {
  readonly tokens: number;
  readonly payload: Hash;
  readonly part: PartName;
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
  /** The lower median of the contributions' norms, in units, rounded up; see `Lengths.norms`. */
  readonly norm: number;
}

/** A range of the round, and the contributions that have values in it, each with its place among all. */
interface HeldRange {
  readonly range: Range;
  readonly held: readonly { readonly index: number; readonly part: ReadPart }[];
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
    const lengths = this.#lengths(contributions);
    const parts = contributions.map(({ part }) => part);
    const { quorum } = this.#manifest.limits;
    const ranges = roundRanges(this.#fragments, fragment, parts, quorum).map((range) =>
      this.#held(range, contributions, lengths),
    );
    await this.#readResting(contributions, ranges, lengths);
    const weighed = await this.#weigh(contributions, ranges, lengths);
    const merged: MergedRange[] = [];
    for (const { range, held } of ranges) {
      const counting = held.map((one) => ({ ...one, tokens: weighed[one.index]?.tokens ?? 0 }));
      merged.push(await mergeRange(this.#manifest, this.#codec.unit, range, counting));
    }
    const norm = Math.ceil(lowerMedian(lengths.norms(this.#fragments.length)));
    const own = 1 + this.#outer.vectors;
    const before = state.slice(0, own);
    const current = before.map((vector) => fragment.of(vector));
    const part = await this.#outer.step(current, deltaOf(merged), round);
    const stepped = before.map((vector, i) => {
      const next = part[i] ?? vector;
      return fragment.into(vector, resting(merged, current[i] ?? next, next));
    });
    const { state: synchronized, delta } = await this.#downlink.publish(
      fragment.of(this.base),
      stepped.map((vector) => fragment.of(vector)),
      state.slice(own).map((vector) => fragment.of(vector)),
    );
    const next = state.map((vector, i) => fragment.into(vector, synchronized[i] ?? fragment.of(vector)));
    const tokens = contributions.map((one) => one.tokens);
    const fates = fatesOf(tokens, weighed, merged, this.#manifest.merge.case);
    return { state: next, delta, excluded: leftOut(merged), weighed, fates, norm };
  }

  #lengths(contributions: readonly FoldedContribution[]): Lengths {
    const readable = contributions.map(({ payload, part, read }) => ({
      ...{ payload, read },
      values: grantedValues(this.#fragments, part),
    }));
    return new Lengths(readable, this.#codec);
  }

  #held(range: Range, contributions: readonly FoldedContribution[], { parts }: Lengths): HeldRange {
    const held = contributions.flatMap(({ part: name }, index) => {
      const part = parts[index];
      return part === undefined || !range.has(name)
        ? []
        : [{ index, part: inRange(part, name, range, this.#fragments) }];
    });
    return { range, held };
  }

  /** Reads the deltas that begin in a range that rests: nothing else reads their values there, and a length is that of all values. */
  async #readResting(
    contributions: readonly FoldedContribution[],
    ranges: readonly HeldRange[],
    { parts }: Lengths,
  ): Promise<void> {
    for (const [i, { part }] of contributions.entries()) {
      const first = ranges.find(({ range }) => range.from === beginOf(this.#fragments, part));
      if (first?.held.length === 0) await parts[i]?.decode(() => undefined);
    }
  }

  /** The tokens with which contributions count: those that they claim, unless the manifest measures them. */
  async #weigh(
    contributions: readonly FoldedContribution[],
    ranges: readonly HeldRange[],
    lengths: Lengths,
  ): Promise<readonly Weighed[]> {
    const { quality } = this.#manifest;
    if (quality.case === 'claimed') return contributions.map(({ tokens }) => ({ tokens, reason: null }));
    const sketches: ReadonlyMap<number, Float64Array>[] = [];
    for (const { range, held } of ranges) {
      const found = await sketchesOf(
        held.map(({ part }) => part),
        range.length,
      );
      sketches.push(new Map(held.map(({ index }, at) => [index, found[at] ?? new Float64Array()])));
    }
    const norms = lengths.norms(this.#fragments.length);
    const lots = lotsOf(contributions.map(({ payload }) => payload));
    const weighable = contributions.flatMap(({ tokens, standing }, i) => {
      const [norm, lot] = [norms[i], lots[i]];
      if (standing === undefined || norm === undefined || lot === undefined)
        throw new RangeError('a contribution has no standing');
      return [{ ...standing, norm, tokens, lot, sketches: sketches.map((range) => range.get(i) ?? null) }];
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

/** `next` with the values of `before` in each range to which the round has no contribution: momentum alone moves nothing. */
function resting(
  merged: readonly MergedRange[],
  before: Float32Array<ArrayBuffer>,
  next: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  for (const {
    range: { from, length },
    present,
  } of merged)
    if (present.length === 0) next.set(before.subarray(from, from + length), from);
  return next;
}
