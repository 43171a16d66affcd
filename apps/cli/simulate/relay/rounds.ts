import type { Arrival } from '../../../../relay/run/arrivals/arrivals.ts';
import {
  type RoundEffect,
  type RoundEvent,
  type RoundState,
  resumed,
  waiting,
} from '../../../../relay/run/round.ts';
import type { RefusalCode, RoundPlan } from '../../../../relay/wire/tapestry_pb.js';
import type { Presence } from '../invariants/relay-invariants.ts';
import type { NodeNumber, VirtualHeartbeat, VirtualOffer } from '../world/messages.ts';
import { baseHash, firstBase } from '../world/virtual-base.ts';
import { RelayCommits } from './commits.ts';
import {
  JournalState,
  keyOf,
  type RecentFacts,
  type RecentWork,
  type VirtualContribution,
  type VirtualEntry,
} from './journal.ts';
import { RelayPacing } from './pacing.ts';
import { RelayQuality, standingsOf } from './quality.ts';
import { type RoundOptions, type RoundWorld, stalenessOf, type UpstreamPart } from './round-options.ts';
import { RelayTasks } from './tasks.ts';

/**
 * The rounds of one process of the relay, as relay/run/rounds.ts runs them: the round machine is fed with the journal's
 * entries, and its effects are appended to the journal. Appending, joining and leaving happen one after another.
 */
export class RelayRounds {
  readonly tasks: RelayTasks;
  /** Null for a run without an upstream run. */
  readonly upstream: UpstreamPart | null;
  readonly replay: JournalState;
  /** Null in a run whose contributions count as they claim. */
  readonly quality: RelayQuality | null;
  readonly #world: RoundWorld;
  readonly #options: RoundOptions;
  readonly #journal: VirtualEntry[];
  readonly #told: (entry: VirtualEntry) => void;
  readonly #planned: () => void;
  readonly #pacing: RelayPacing;
  readonly #commits: RelayCommits;
  readonly #connected = new Set<NodeNumber>();
  /** Connected nodes that take no part. */
  readonly #resting = new Set<NodeNumber>();
  /** Nodes that were connected when the attempt opened; nodes that joined or contributed, if it was resumed. */
  #expected: Set<NodeNumber>;
  #state: RoundState;
  #applied: number;
  #settling = false;

  /** Reads the journal. `told` is called with each further entry once it is applied, `planned` when the open round has a new plan. */
  constructor(
    world: RoundWorld,
    options: RoundOptions,
    journal: VirtualEntry[],
    told: (entry: VirtualEntry) => void,
    planned: () => void,
  ) {
    this.#world = world;
    this.#options = options;
    this.#journal = journal;
    this.#told = told;
    this.#planned = planned;
    const { machines } = world;
    const recent = new machines.RecentRounds<RecentFacts, RecentWork>(stalenessOf(options));
    const standings = standingsOf(world, options.quality);
    const lowest = new machines.LowestLoss(options.bases?.guard?.rounds ?? 1);
    this.replay = new JournalState(firstBase, { recent, standings, lowest });
    this.#applied = journal.length;
    this.upstream = options.upstreamOf?.(this.replay, () => this.settle()) ?? null;
    this.tasks = new RelayTasks(world.queue, () => this.#catchUp());
    for (const entry of journal) this.replay.apply(entry);
    // After the journal: an attempt may be closed already.
    const { quality } = options;
    this.quality = quality && standings ? new RelayQuality(world, quality, this.replay, standings) : null;
    this.#pacing = new RelayPacing(world, options, this.replay);
    this.#commits = new RelayCommits(world, options, this.replay, this.quality);
    const { committed, attempt, base, open, complete } = this.replay;
    const state = waiting(committed + 1, attempt, baseHash(base));
    if (complete) this.#state = { ...state, phase: 'complete' };
    else if (open === null) this.#state = state;
    else {
      const found = { contributions: open.contributions.size, isClosed: open.closedBy !== null };
      this.#state = resumed(state, found, world.elapsed(), options.limits);
    }
    this.#expected = new Set(open?.contributions.keys());
    world.invariants.started(world.elapsed());
    this.settle();
  }

  get state(): RoundState {
    return this.#state;
  }

  get connected(): ReadonlySet<NodeNumber> {
    return this.#connected;
  }

  isExpected(node: NodeNumber): boolean {
    return this.#expected.has(node);
  }

  /** A node joined, or left. */
  connection(type: 'joined' | 'left', node: NodeNumber): void {
    const change = () => {
      if (this.#connected.has(node) !== (type === 'left')) return null;
      if (type === 'left') {
        this.#takesPart(node, true);
        this.#connected.delete(node);
        this.#pacing.left(node);
      } else {
        this.#connected.add(node);
        const isFirst = this.#state.attempt === 1 && this.#state.returnsUntil === null;
        this.#pacing.joined(node, isFirst);
        if (this.#state.returnsUntil !== null) this.#expected.add(node);
      }
      this.#changed(type, node);
      return null;
    };
    this.tasks.add({ prepare: change, write: () => {}, done: () => {} });
    this.settle();
  }

  /** A connected node reported its state and progress: no round waits for one that takes no part. */
  reported(heartbeat: VirtualHeartbeat & { node: NodeNumber }): void {
    this.#takesPart(heartbeat.node, heartbeat.takesPart);
    this.#pacing.reported(heartbeat, this.#state.round);
    this.settle();
  }

  /** The upload of an offer begins. */
  offered(node: NodeNumber, offer: VirtualOffer): void {
    this.#pacing.offered(node, offer);
  }

  /** The local steps that a node is told at the opening of a round. */
  stepsOf(node: NodeNumber): number {
    return this.#pacing.stepsOf(node);
  }

  /** What a node is told of the open round's plan; null for a round without one. */
  planFor(node: NodeNumber): RoundPlan | null {
    return this.#pacing.planFor(node, this.#state);
  }

  #takesPart(node: NodeNumber, takes: boolean): void {
    if (!this.#connected.has(node) || this.#resting.has(node) !== takes) return;
    if (takes) this.#resting.delete(node);
    else this.#resting.add(node);
    this.#changed(takes ? 'returned' : 'rested', node);
  }

  #changed(type: Presence, node: NodeNumber): void {
    const isAwaited = this.replay.open?.contributions.has(node) !== true;
    this.#world.invariants.connection(type, node);
    this.#advance({ type, isAwaited, isExpected: this.isExpected(node), time: this.#world.elapsed() });
  }

  #taking(): NodeNumber[] {
    return [...this.#connected].filter((node) => !this.#resting.has(node));
  }

  /** Plans the open round of a timed run. */
  #plan(): void {
    if (this.#state.phase !== 'open' || this.#state.graceEndsAt !== null) return;
    const times = this.#pacing.plan();
    if (times === null) return;
    const time = this.#world.elapsed();
    this.#world.invariants.planned(times, time);
    this.#advance({ type: 'planned', ...times, time });
    this.#planned();
  }

  /** Why a contribution is refused now. `others` unexpected ones are about to be accepted before it. */
  refusalOf(node: NodeNumber, offer: VirtualOffer, others: number): RefusalCode | null {
    const { machines } = this.#world;
    const { limits } = this.#options;
    if (limits.hasArrivals === true)
      return machines.refusalOfArrival(this.#state, arrivalOf(node, offer), this.replay, limits);
    const { round, base } = offer;
    const facts = { round, base, isExpected: this.isExpected(node), others };
    return machines.refusalOf(this.#state, facts, this.#world.elapsed(), limits);
  }

  /** Whether a contribution that is not refused counts in the open attempt, beside those that are `taken`; else it waits for the next. */
  isTurnOf(arrival: Arrival, taken: readonly Arrival[]): boolean {
    const { limits } = this.#options;
    if (limits.hasArrivals !== true) return true;
    const { open } = this.replay;
    const has = (key: string) => open?.contributions.has(Number(key)) ?? false;
    const known = { open: open && { contributions: { has } } };
    return this.#due() === null && this.#world.machines.isTurnOf(this.#state, arrival, known, limits, taken);
  }

  /** Appends a contribution, which counts once it is applied. */
  appendContribution(facts: Omit<VirtualContribution, 'kind' | 'sequence' | 'time'>): VirtualContribution {
    const sequence = this.#journal.length + 1;
    const time = this.#world.elapsed();
    const entry: VirtualContribution = { kind: 'contribution-accepted', sequence, time, ...facts };
    this.#append(entry);
    return entry;
  }

  #append(entry: VirtualEntry): void {
    this.#journal.push(entry);
    this.#world.invariants.journaled(entry, this.#world.elapsed());
  }

  /** Performs effects until none is due. */
  settle(): void {
    this.#plan();
    if (this.#settling || this.#due() === null) return;
    this.#settling = true;
    let effect: RoundEffect | 'adopt' | null = null;
    let evaluations: readonly VirtualEntry[] = [];
    this.tasks.add({
      prepare: () => {
        effect = this.#due();
        if (effect === null) this.#settling = false;
        if (effect === 'close') this.#world.invariants.closing(this.#world.elapsed());
        if (effect === 'commit') this.#world.invariants.evaluators?.committing(this.#world.elapsed());
        evaluations = effect === 'commit' ? (this.quality?.evaluations() ?? []) : [];
        if (effect === 'commit' && evaluations.length === 0) this.#commits.prepare();
        return effect === null ? null : this.#options.sync + (effect === 'commit' ? this.#options.merge : 0);
      },
      write: () => {
        const entry = effect === null || evaluations.length > 0 ? null : this.#entryOf(effect);
        for (const one of entry === null ? evaluations : [entry]) this.#append(one);
      },
      done: (failed) => {
        this.#settling = false;
        if (!failed) this.settle();
      },
    });
  }

  #due(): RoundEffect | 'adopt' | null {
    const upstream = this.upstream?.machine;
    if (upstream != null && upstream.next(this.#state.phase) !== null) return 'adopt';
    const tick = { type: 'tick', time: this.#world.elapsed() } as const;
    const { effect } = this.#world.machines.reduce(this.#state, tick, this.#options.limits);
    if (effect === 'commit' && this.quality?.isAwaited === true) return null;
    return effect === 'open' && upstream?.isAwaited === true ? null : effect;
  }

  #advance(event: RoundEvent): void {
    this.#state = this.#world.machines.reduce(this.#state, event, this.#options.limits).state;
    this.#world.invariants.stepped(this.#state, this.#world.elapsed());
  }

  /** Null where an adoption is no longer wanted. */
  #entryOf(effect: RoundEffect | 'adopt'): VirtualEntry | null {
    const { round, attempt, base } = this.#state;
    const { open } = this.replay;
    const contributions = open?.contributions.size ?? 0;
    switch (effect) {
      case 'adopt':
        return this.#adoption();
      case 'open':
        return { kind: 'round-opened', time: this.#world.elapsed(), round, attempt: attempt + 1, base };
      case 'close':
        return { kind: 'round-closed', round, attempt, contributions };
      case 'abandon':
        return { kind: 'round-abandoned', round, attempt, contributions, loss: null };
      case 'complete':
        return { kind: 'run-complete', rounds: this.replay.committed };
      case 'commit':
        return this.#commits.entry();
    }
  }

  #adoption(): VirtualEntry | null {
    const draft = this.upstream?.machine.next('waiting') ?? null;
    if (this.upstream == null) return null;
    if (draft?.kind === 'upstream-mixed') {
      const { base, ...facts } = draft.body;
      return { kind: 'upstream-adopted', ...facts, base: this.upstream.baseOf(base) };
    }
    if (draft?.kind !== 'upstream-adopted') return null;
    const { round, base } = draft.body;
    const facts = { round, upstream: base, through: this.replay.committed, reference: base };
    return { kind: 'upstream-adopted', ...facts, base: this.upstream.baseOf(base) };
  }

  /** Applies the entries that were appended. */
  #catchUp(): void {
    for (; this.#applied < this.#journal.length; this.#applied++) {
      const entry = this.#journal[this.#applied];
      if (entry === undefined) return;
      this.replay.apply(entry);
      const event = this.#eventOf(entry);
      if (event !== null) this.#advance(event);
      this.upstream?.machine.applied(entry);
      this.#told(entry);
    }
  }

  #eventOf(entry: VirtualEntry): RoundEvent | null {
    const time = this.#world.elapsed();
    switch (entry.kind) {
      case 'round-opened':
        this.#expected = new Set(this.#taking());
        this.#pacing.opened(entry.round, entry.attempt, [...this.#expected]);
        return { type: 'opened', time };
      case 'contribution-accepted': {
        const { node } = entry;
        this.#pacing.accepted(node);
        const isConnected = this.#connected.has(node) && !this.#resting.has(node);
        const isExpected = this.isExpected(node);
        return { type: 'contributed', isConnected, isExpected, time };
      }
      case 'round-closed':
        this.quality?.closed();
        this.#pacing.closed(this.#taking());
        return { type: 'closed', time };
      case 'evaluation-accepted':
        return null;
      case 'round-committed':
        return { type: 'committed', base: baseHash(entry.base), time };
      case 'round-abandoned':
        return { type: 'abandoned', time };
      case 'upstream-adopted':
        return { type: 'adopted', base: baseHash(entry.base), time };
      case 'run-complete':
        return { type: 'completed', time };
    }
  }
}

/** An offer as the machine of arrivals sees it. */
export function arrivalOf(node: NodeNumber, { round, base, payload }: VirtualOffer): Arrival {
  return { key: keyOf(node), round, base, payload };
}
