import type { Guard, Judgement } from '../../../../relay/run/guard/guard.ts';
import type { OuterOptimizer } from '../../../../relay/run/outer/outer-optimizer.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import {
  baseHash,
  type Counted,
  meanDelta,
  parameters,
  type VirtualBase,
  withPayload,
} from '../world/virtual-base.ts';
import { rangesOfParts } from '../world/virtual-part.ts';
import { lossOfBase } from './base-options.ts';
import type { JournalState, VirtualEntry } from './journal.ts';
import type { RelayQuality } from './quality.ts';
import type { RoundOptions, RoundWorld } from './round-options.ts';

/** What counts in a round, and what each contribution is of. */
type CountedParts = readonly (Counted[number] & { readonly part: PartName })[];

type Committed = VirtualEntry & { readonly kind: 'round-committed' };

/** What became of the closed attempt's contributions, before its entry. */
interface Made extends Pick<Committed, 'scores' | 'weighed'> {
  readonly base: VirtualBase;
  readonly judgement: Judgement | null;
}

/** The end of a closed attempt, as relay/run/run-store.ts makes it: its weights, its base with the real outer step, and the real guard's judgement. */
export class RelayCommits {
  readonly #world: RoundWorld;
  readonly #quorum: number;
  readonly #replay: JournalState;
  readonly #quality: RelayQuality | null;
  readonly #outer: OuterOptimizer | null;
  readonly #guard: Guard | null;
  /** The base that the guard measures. */
  #measured: VirtualBase;
  #made: Made | null = null;

  constructor(
    world: RoundWorld,
    { bases, limits }: RoundOptions,
    replay: JournalState,
    quality: RelayQuality | null,
  ) {
    this.#world = world;
    this.#quorum = limits.quorum;
    this.#replay = replay;
    this.#quality = quality;
    const { machines } = world;
    this.#outer = bases?.outer ? machines.outerOptimizerOf(bases.outer) : null;
    this.#measured = replay.base;
    this.#guard = bases?.guard
      ? new machines.Guard(bases.guard.maxIncrease, async () => lossOfBase(this.#measured))
      : null;
  }

  /** Begins to make the base of the closed attempt, which is there before the next event. */
  prepare(): void {
    this.#made = null;
    const isLong = this.#quality !== null || this.#outer !== null || this.#guard !== null;
    if (isLong) this.#world.wait(this.#make());
  }

  /** The entry that ends the attempt that `prepare` was called for last. */
  entry(): VirtualEntry {
    const { open, committed, attempt } = this.#replay;
    const round = committed + 1;
    const contributions = open?.contributions.size ?? 0;
    const { judgement, ...facts } = this.#made ?? { ...this.#plain(), judgement: null };
    const loss = judgement?.loss ?? null;
    if (judgement?.isAllowed === false)
      return { kind: 'round-abandoned', round, attempt, contributions, loss };
    return { kind: 'round-committed', round, contributions, tokens: open?.tokens ?? 0, ...facts, loss };
  }

  /** Each contribution counts once, and no outer step is taken. */
  #plain(): Omit<Made, 'judgement'> {
    return { scores: [], weighed: [], base: this.#sums(this.#contributed()) };
  }

  async #make(): Promise<void> {
    await this.#quality?.weigh();
    const { counted, ...facts } = this.#quality?.weights ?? {
      ...{ scores: [], weighed: [] },
      counted: this.#contributed(),
    };
    const base = await this.#stepped(this.#sums(counted), counted);
    this.#made = { ...facts, base, judgement: await this.#judge(base) };
  }

  #contributed(): CountedParts {
    const accepted = [...(this.#replay.open?.contributions.values() ?? [])];
    return accepted.map(({ payload, part }) => ({ payload, tokens: 1, part }));
  }

  #sums(counted: CountedParts): VirtualBase {
    const { base, committed } = this.#replay;
    let next: VirtualBase = { ...base, round: committed + 1 };
    const parts = this.#contributed().map(({ part }) => part);
    const rangesOf = rangesOfParts(this.#world, parts, this.#quorum);
    for (const { payload, tokens, part } of counted)
      next = withPayload(next, payload, tokens, rangesOf(part));
    return next;
  }

  async #stepped(base: VirtualBase, counted: Counted): Promise<VirtualBase> {
    const outer = this.#outer;
    if (outer === null) return base;
    const zeros = Array.from({ length: 1 + outer.vectors }, () => new Float32Array(parameters));
    const state = await outer.step(base.state ?? zeros, meanDelta(counted), base.round);
    return { ...base, state };
  }

  async #judge(base: VirtualBase): Promise<Judgement | null> {
    // What is measured is named by the base: the numbers that a guard hands on here are none.
    const reading = (of: VirtualBase) => async () => {
      this.#measured = of;
      return new Float32Array();
    };
    const next = { hash: baseHash(base), parameters: reading(base) };
    return (await this.#guard?.judge(this.#replay, reading(this.#replay.base), next)) ?? null;
  }
}
