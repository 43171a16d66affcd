import { create } from '@bufbuild/protobuf';
import { Pace } from '../../../../relay/run/pace/pace.ts';
import type { PaceSettings } from '../../../../relay/run/pace/plan.ts';
import {
  type RoundEffect,
  type RoundEvent,
  type RoundLimits,
  type RoundState,
  resumed,
  waiting,
} from '../../../../relay/run/round.ts';
import type { Upstream } from '../../../../relay/run/upstream/upstream.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { type RefusalCode, type RoundPlan, RoundPlanSchema } from '../../../../relay/wire/tapestry_pb.js';
import type { Presence, RelayInvariants } from '../invariants/relay-invariants.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { Machines } from '../world/machines.ts';
import type { NodeNumber, VirtualHeartbeat } from '../world/messages.ts';
import { baseHash, firstBase, type VirtualBase, withPayload } from '../world/virtual-base.ts';
import { JournalState, type VirtualContribution, type VirtualEntry } from './journal.ts';
import { RelayTasks } from './tasks.ts';

/** More nodes than a world has. */
const mostMeasured = 1_000_000;

/** Times in milliseconds. */
export interface RoundOptions {
  readonly limits: RoundLimits;
  /** How often the deadlines are checked. */
  readonly tick: number;
  /** A write of the journal that is on the disk, and the making of a base. */
  readonly sync: number;
  readonly merge: number;
  readonly tokensPerStep: number;
  /** Null for rounds of fixed steps. */
  readonly pace: PaceSettings | null;
  /** For a relay below an upstream relay: its part of the run. `tick` makes the rounds look what is due. */
  readonly upstreamOf?: ((replay: JournalState, tick: () => void) => UpstreamPart) | undefined;
}

/** The real machine of a run below an upstream run, and the bases that it may name. */
export interface UpstreamPart {
  readonly machine: Upstream;
  baseOf(hash: Hash): VirtualBase;
  /** The parameters from which later work is sent up. */
  reference(): Float32Array<ArrayBuffer>;
}

export interface RoundWorld {
  readonly queue: EventQueue;
  /** The relay's monotonic clock, in milliseconds: it may jump ahead of the queue's. */
  elapsed(): number;
  readonly machines: Machines;
  readonly invariants: RelayInvariants;
}

/**
 * The rounds of one process of the relay, as relay/run/rounds.ts runs them: the round machine is fed with the journal's
 * entries, and its effects are appended to the journal. Appending, joining and leaving happen one after another.
 */
export class RelayRounds {
  readonly tasks: RelayTasks;
  /** Null for a run without an upstream run. */
  readonly upstream: UpstreamPart | null;
  readonly replay = new JournalState(firstBase);
  readonly #world: RoundWorld;
  readonly #options: RoundOptions;
  readonly #journal: VirtualEntry[];
  readonly #told: (entry: VirtualEntry) => void;
  readonly #planned: () => void;
  /** Null in a run with fixed steps. */
  readonly #pace: Pace | null;
  readonly #connected = new Set<NodeNumber>();
  /** The same nodes as the planner names them. */
  readonly #keys = new Set<string>();
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
    this.#pace = options.pace === null ? null : new Pace(options.pace, options.tokensPerStep, mostMeasured);
    this.#applied = journal.length;
    this.upstream = options.upstreamOf?.(this.replay, () => this.settle()) ?? null;
    this.tasks = new RelayTasks(world.queue, () => this.#catchUp());
    for (const entry of journal) this.replay.apply(entry);
    this.#pace?.resume(new Map([...this.replay.contributors].map(([node, known]) => [`${node}`, known])));
    const { committed, attempt, base, open, complete } = this.replay;
    const state = waiting(committed + 1, attempt, baseHash(base));
    if (complete) this.#state = { ...state, phase: 'complete' };
    else if (open === null) this.#state = state;
    else {
      const found = { contributions: open.contributions.size, isClosed: open.isClosed };
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
        this.#keys.delete(`${node}`);
      } else {
        this.#connected.add(node);
        this.#keys.add(`${node}`);
        const isFirst = this.#state.attempt === 1 && this.#state.returnsUntil === null;
        this.#pace?.measures.joined(`${node}`, isFirst, this.#world.elapsed());
        if (this.#state.returnsUntil !== null) this.#expected.add(node);
      }
      this.#changed(type, node);
      return null;
    };
    this.tasks.add({ prepare: change, write: () => {}, done: () => {} });
    this.settle();
  }

  /** A connected node reported its state and progress: no round waits for one that takes no part. */
  reported({ node, takesPart, round, steps, stepMs }: VirtualHeartbeat & { node: NodeNumber }): void {
    this.#takesPart(node, takesPart);
    const rate = (1000 * this.#options.tokensPerStep) / Math.max(1, stepMs);
    if (round === this.#state.round) this.#pace?.reported(`${node}`, steps, rate, this.#world.elapsed());
    this.settle();
  }

  /** The upload of an offer of so many steps begins. */
  offered(node: NodeNumber, steps: number): void {
    this.#pace?.measures.offered(`${node}`, steps, this.#world.elapsed());
  }

  /** What a node is told of the open round's plan; null for a round without one. */
  planFor(node: NodeNumber): RoundPlan | null {
    const { round, attempt, workEndsAt, plannedGraceMs: graceMs } = this.#state;
    if (workEndsAt === null || this.#pace === null) return null;
    const workMs = Math.ceil(Math.max(0, workEndsAt - this.#world.elapsed()));
    const plannedMs = this.#pace.planned?.workMs ?? 0;
    const times = { workMs, graceMs, plannedMs, ...this.#pace.of(`${node}`) };
    return create(RoundPlanSchema, { round, attempt, ...times });
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
    if (this.#pace === null || this.#state.phase !== 'open' || this.#state.graceEndsAt !== null) return;
    const times = this.#pace.plan(this.#keys);
    if (times === null) return;
    const time = this.#world.elapsed();
    this.#world.invariants.planned(times, time);
    this.#advance({ type: 'planned', ...times, time });
    this.#planned();
  }

  /** Why a contribution is refused now. `others` unexpected ones are about to be accepted before it. */
  refusalOf(
    node: NodeNumber,
    { round, base }: { readonly round: number; readonly base: Hash },
    others: number,
  ): RefusalCode | null {
    const offer = { round, base, isExpected: this.isExpected(node), others };
    return this.#world.machines.refusalOf(this.#state, offer, this.#world.elapsed(), this.#options.limits);
  }

  /** Appends a contribution, which counts once it is applied. */
  appendContribution(facts: Omit<VirtualContribution, 'kind' | 'sequence' | 'time'>): VirtualContribution {
    const sequence = this.#journal.length + 1;
    const entry: VirtualContribution = {
      kind: 'contribution-accepted',
      sequence,
      time: this.#world.elapsed(),
      ...facts,
    };
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
    this.tasks.add({
      prepare: () => {
        effect = this.#due();
        if (effect === null) this.#settling = false;
        if (effect === 'close') this.#world.invariants.closing(this.#world.elapsed());
        return effect === null ? null : this.#options.sync + (effect === 'commit' ? this.#options.merge : 0);
      },
      write: () => {
        const entry = effect === null ? null : this.#entryOf(effect);
        if (entry !== null) this.#append(entry);
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
        return { kind: 'round-abandoned', round, attempt, contributions };
      case 'complete':
        return { kind: 'run-complete', rounds: this.replay.committed };
      case 'commit': {
        let next: VirtualBase = { ...this.replay.base, round };
        for (const { payload } of open?.contributions.values() ?? []) next = withPayload(next, payload);
        return { kind: 'round-committed', round, contributions, tokens: open?.tokens ?? 0, base: next };
      }
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
      this.#advance(this.#eventOf(entry));
      this.upstream?.machine.applied(entry);
      this.#told(entry);
    }
  }

  #eventOf(entry: VirtualEntry): RoundEvent {
    const time = this.#world.elapsed();
    switch (entry.kind) {
      case 'round-opened':
        this.#expected = new Set(this.#taking());
        this.#pace?.roundOpened();
        this.#pace?.measures.opened(this.#keys, entry.attempt === 1, time);
        return { type: 'opened', time };
      case 'contribution-accepted': {
        const { node } = entry;
        this.#pace?.measures.accepted(`${node}`, time);
        const isConnected = this.#connected.has(node) && !this.#resting.has(node);
        const isExpected = this.isExpected(node);
        return { type: 'contributed', isConnected, isExpected, time };
      }
      case 'round-closed':
        this.#pace?.measures.closed(this.#taking().map(String));
        return { type: 'closed', time };
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
