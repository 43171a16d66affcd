import type { Draft, Entry } from '../journal/entry.ts';
import type { Attempt } from '../journal/event-log.ts';
import { recentProblems } from '../journal/recent-rounds.ts';
import { type Hash, type NodeKey, toHex } from '../wire/hex.ts';
import type { Offer, RefusalCode } from '../wire/tapestry_pb.js';
import { type Arrival, isTurnOf, refusalOfArrival } from './arrivals/arrivals.ts';
import type { Clock } from './clock.ts';
import { RefusalCounts } from './contributions/refusal-counts.ts';
import type { Leadership } from './leadership.ts';
import type { OpenedRun } from './open-run.ts';
import { type MeasuredNode, Pace } from './pace/pace.ts';
import { Speeds } from './pace/speeds.ts';
import { type PresentedBody, presentedEvent } from './presenting/presented-event.ts';
import { currentRound } from './report/current-round.ts';
import type { MetricsFile } from './report/metrics-file.ts';
import {
  type RoundEffect,
  type RoundEvent,
  type RoundLimits,
  type RoundState,
  reduce,
  refusalOf,
  roundLimitsOf,
} from './round.ts';
import type { CurrentRound } from './run-events.ts';
import type { RunStore } from './run-store.ts';
import type { Upstream } from './upstream/upstream.ts';

/** How long to wait before a retry after the disk failed. */
const retryAfterMs = 1000;

/**
 * The rounds of a run: the pure machine (round.ts), fed with the journal's entries, and its effects, appended to the
 * journal. Calls that change the journal (`settle`, `writeRefusals`, `catchUp`) must not overlap.
 */
export class Rounds {
  readonly refusals = new RefusalCounts();
  readonly #store: RunStore;
  readonly #leadership: Leadership;
  /** Signs checkpoints. */
  readonly #key: CryptoKey;
  readonly #guard: OpenedRun['guard'];
  readonly #evaluators: OpenedRun['evaluators'];
  readonly #metrics: MetricsFile;
  readonly #clock: Clock;
  readonly #limits: RoundLimits;
  readonly #upstream: Upstream;
  readonly #applied: (entry: Entry) => void;
  readonly #planned: () => void;
  /** Null but in a run with timed rounds. */
  readonly #pace: Pace | null;
  /** Null but in a run with arrivals. */
  readonly #speeds: Speeds | null;
  readonly #connected = new Set<NodeKey>();
  /** Connected nodes that take no part. */
  readonly #resting = new Set<NodeKey>();
  /** Nodes that took part when the open attempt opened; nodes that joined or contributed, if it was resumed. */
  #expected: Set<NodeKey>;
  #state: RoundState;
  #retryAt = Number.NEGATIVE_INFINITY;

  /** `applied` is called with each entry after it is applied, and `planned` when the open round has a new plan. */
  constructor(
    opened: OpenedRun,
    clock: Clock,
    upstream: Upstream,
    applied: (entry: Entry) => void,
    planned: () => void,
  ) {
    this.#upstream = upstream;
    this.#store = opened.store;
    this.#leadership = opened.leadership;
    this.#key = opened.key.signing;
    this.#guard = opened.guard;
    this.#evaluators = opened.evaluators;
    this.#metrics = opened.metrics;
    this.#clock = clock;
    this.#limits = roundLimitsOf(opened.store.replay.run.manifest);
    this.#state = opened.state;
    this.#expected = new Set(opened.store.replay.open?.contributions.keys());
    this.#applied = applied;
    this.#planned = planned;
    this.#pace = Pace.of(opened.store.replay.run.manifest);
    this.#pace?.resume(opened.store.replay.contributors);
    this.#speeds = Speeds.of(opened.store.replay.run.manifest);
    this.#speeds?.resume(opened.store.replay.contributors);
  }

  current(): CurrentRound {
    const plannedMs = this.#pace?.planned?.workMs ?? 0;
    return currentRound(this.#state, this.#limits, this.#store.replay, plannedMs, this.#clock.elapsed());
  }

  /** The open attempt, as contributions name it. */
  attempt(): Attempt {
    const { round, attempt } = this.#state;
    return { round, attempt, target: this.#limits.target };
  }

  joined(key: NodeKey): void {
    this.#connected.add(key);
    const isResumed = this.#state.returnsUntil !== null;
    // To a round that was open when the relay stopped, a node may come with work from before.
    const isFirst = this.#state.attempt === 1 && !isResumed;
    this.#pace?.measures.joined(key, isFirst, this.#clock.elapsed());
    this.#speeds?.joined(key, this.#clock.elapsed());
    if (isResumed) this.#expected.add(key);
    this.#connection('joined', key);
  }

  left(key: NodeKey): void {
    this.takesPart(key, true);
    this.#connected.delete(key);
    this.#connection('left', key);
  }

  /** A connected node says whether it takes part: no round waits for one that only follows the run, or is paused. */
  takesPart(key: NodeKey, takes: boolean): void {
    if (!this.#connected.has(key) || this.#resting.has(key) !== takes) return;
    if (takes) this.#resting.delete(key);
    else this.#resting.add(key);
    this.#connection(takes ? 'returned' : 'rested', key);
  }

  /** A node that takes part in the open round reported its progress. */
  reported(key: NodeKey, steps: number, tokensPerSecond: number): void {
    this.#speeds?.reported(key, steps, tokensPerSecond);
    this.#pace?.reported(key, steps, tokensPerSecond, this.#clock.elapsed());
  }

  /** The upload of an offer begins. */
  offered(key: NodeKey, offer: Pick<Offer, 'round' | 'steps'>): void {
    this.#pace?.measures.offered(key, offer.steps, this.#clock.elapsed());
    this.#speeds?.offered(key, offer, this.#clock.elapsed());
  }

  /** The local steps that a node is told at the opening of a round. */
  stepsOf(key: NodeKey): number {
    const { localSteps } = this.#store.replay.run.manifest.strategy;
    return this.#speeds?.stepsOf(key) ?? localSteps;
  }

  /** Whether work on a round can still count. */
  isRecent(round: number): boolean {
    const { staleness } = this.#store.replay.recent;
    return round <= this.#state.round && round >= this.#state.round - staleness;
  }

  /** What was measured of a node's rounds. */
  measured(key: NodeKey): MeasuredNode {
    return this.#pace?.of(key) ?? { trainingMs: 0, uploadMs: 0 };
  }

  /** Why the offer of a payload must be refused now; null if it can be accepted. */
  refusalOf(key: NodeKey, payload: Hash, { round, base }: Pick<Offer, 'round' | 'base'>): RefusalCode | null {
    const offer = { key, payload, round, base: toHex(base) };
    const refusal = this.refusalNow(offer, 0);
    const { open, recent } = this.#store.replay;
    if (refusal !== null || open === null || this.#limits.hasArrivals === true) return refusal;
    const problem = open.contributions.has(key) ? 'key' : recent.problemOf(offer);
    return problem && recentProblems[problem].code;
  }

  /** `others` contributions of nodes that are not expected are about to be accepted before this one. */
  refusalNow(arrival: Arrival, others: number): RefusalCode | null {
    if (this.#limits.hasArrivals === true)
      return refusalOfArrival(this.#state, arrival, this.#store.replay, this.#limits);
    const { key, round, base } = arrival;
    const offer = { round, base, isExpected: this.isExpected(key), others };
    return refusalOf(this.#state, offer, this.#clock.elapsed(), this.#limits);
  }

  /** Whether a contribution that is not refused counts in the open attempt, beside those that are `taken`; else it waits for the next. */
  isTurnOf(arrival: Arrival, taken: readonly Arrival[]): boolean {
    if (this.#limits.hasArrivals !== true) return true;
    return this.#due() === null && isTurnOf(this.#state, arrival, this.#store.replay, this.#limits, taken);
  }

  /** True for a node that has a place in the open attempt. */
  isExpected(key: NodeKey): boolean {
    return this.#expected.has(key);
  }

  /** Applies the journal's new entries, and performs effects until none is due. */
  async settle(): Promise<void> {
    await this.catchUp();
    this.#plan();
    for (let effect = this.#due(); effect !== null; effect = this.#due()) {
      if (this.#clock.elapsed() < this.#retryAt) return;
      try {
        if (!(await this.#perform(effect))) return;
        await this.catchUp();
        this.#plan();
      } catch (error) {
        this.#retryAt = this.#clock.elapsed() + retryAfterMs;
        throw error;
      }
    }
  }

  /** Applies the journal's new entries. */
  async catchUp(): Promise<void> {
    for await (const entry of this.#store.news()) {
      const event = this.#eventOf(entry);
      if (event !== null) this.#advance(event);
      if (entry.kind === 'round-committed' || entry.kind === 'round-abandoned') this.refusals.roundEnded();
      this.#upstream.applied(entry);
      this.#applied(entry);
    }
  }

  /** Appends the refusals that are not journaled yet. */
  async writeRefusals(): Promise<void> {
    await this.catchUp();
    if (this.refusals.pending > 0 && (await this.#append([]))) await this.catchUp();
  }

  /** Appends the presenter's command; false if it makes no sense now, or if another process leads. */
  async present({ action, node }: PresentedBody): Promise<boolean> {
    await this.catchUp();
    const { phase, round, isHeld, isEnding } = this.#state;
    if (phase === 'complete' || round > this.#limits.rounds) return false;
    const isSensible = {
      start: isHeld && !isEnding,
      pause: !isHeld && !isEnding,
      extend: phase === 'open' && !isEnding,
      end: !isEnding,
      remove: node !== null && !this.#store.replay.removed.has(node),
    }[action];
    if (!isSensible || !(await this.#append([{ kind: 'presented', body: { round, action, node } }])))
      return false;
    await this.catchUp();
    // The nodes of a timed round stop by its plan.
    if (action === 'extend' && this.#state.workEndsAt !== null) this.#planned();
    return true;
  }

  /** Plans the open round of a timed run, as soon as a node is measured and until all are. */
  #plan(): void {
    if (this.#state.phase !== 'open' || this.#state.graceEndsAt !== null) return;
    const times = this.#pace?.plan(this.#connected) ?? null;
    if (times === null) return;
    this.#advance({ type: 'planned', ...times, time: this.#clock.elapsed() });
    this.#planned();
  }

  #due(): RoundEffect | 'adopt' | null {
    if (this.#upstream.next(this.#state.phase) !== null) return 'adopt';
    const { effect } = reduce(this.#state, { type: 'tick', time: this.#clock.elapsed() }, this.#limits);
    if (effect === 'commit' && this.#evaluators?.isAwaited === true) return null;
    return effect === 'open' && this.#upstream.isAwaited ? null : effect;
  }

  #advance(event: RoundEvent): void {
    this.#state = reduce(this.#state, event, this.#limits).state;
  }

  #connection(type: 'joined' | 'left' | 'rested' | 'returned', key: NodeKey): void {
    const isAwaited = !this.#hasContributed(key);
    const isExpected = this.isExpected(key);
    this.#advance({ type, isAwaited, isExpected, time: this.#clock.elapsed() });
  }

  /** The connected nodes that take part. */
  #taking(): NodeKey[] {
    return [...this.#connected].filter((key) => !this.#resting.has(key));
  }

  #hasContributed(key: NodeKey): boolean {
    return this.#store.replay.open?.contributions.has(key) ?? false;
  }

  #eventOf(entry: Entry): RoundEvent | null {
    const time = this.#clock.elapsed();
    switch (entry.kind) {
      case 'round-opened':
        this.#expected = new Set(this.#taking());
        this.#pace?.roundOpened();
        this.#speeds?.opened(entry.body.round, time, this.#expected);
        this.#pace?.measures.opened(this.#connected, entry.body.attempt === 1, time);
        return { type: 'opened', time };
      case 'contribution-accepted': {
        const { key } = entry.body;
        this.#pace?.measures.accepted(key, time);
        const isConnected = this.#connected.has(key) && !this.#resting.has(key);
        return { type: 'contributed', isConnected, isExpected: this.isExpected(key), time };
      }
      case 'round-closed':
        this.#evaluators?.closed();
        this.#pace?.measures.closed(this.#taking());
        return { type: 'closed', time };
      case 'round-committed':
        return { type: 'committed', base: this.#store.replay.base, time };
      case 'round-abandoned':
        return { type: 'abandoned', time };
      case 'presented':
        return presentedEvent(entry.body.action, time);
      case 'upstream-adopted':
      case 'upstream-mixed':
        return { type: 'adopted', base: entry.body.base, time };
      case 'run-complete':
        return { type: 'completed', time };
      default:
        return null;
    }
  }

  /** Appends an effect's entry. False if another process leads. True after a conflict too: the caller then decides again. */
  async #perform(effect: RoundEffect | 'adopt'): Promise<boolean> {
    const { round, attempt, base } = this.#state;
    switch (effect) {
      case 'adopt': {
        const draft = this.#upstream.next('waiting');
        return draft === null || this.#append([draft]);
      }
      case 'open':
        return this.#append([{ kind: 'round-opened', body: { round, attempt: attempt + 1, base } }]);
      case 'close':
        return this.#append([this.#store.closeDraft()]);
      case 'commit':
        return this.#append(await this.#commitOrAbandon());
      case 'abandon':
        return this.#append([this.#store.abandonDraft(null)]);
      case 'complete':
        await this.#metrics.finish();
        return this.#append([await this.#store.completeDraft(this.#key)]);
    }
  }

  /** The evaluations that decide; once they are in the journal, the commit, which is signed over them. */
  async #commitOrAbandon(): Promise<Draft[]> {
    const evaluations = this.#evaluators?.drafts() ?? [];
    if (evaluations.length > 0) return evaluations;
    const judgement = await this.#store.judge(this.#guard);
    if (judgement !== null && !judgement.isAllowed) return [this.#store.abandonDraft(judgement.loss)];
    await this.#metrics.write(await this.#store.metrics());
    return [await this.#store.commitDraft(this.#key, judgement?.loss ?? null)];
  }

  /** Appends drafts and then the pending refusals, in one transaction. A draft's checkpoint covers the entries before it. */
  async #append(drafts: readonly Draft[]): Promise<boolean> {
    const lease = await this.#leadership.lease();
    if (lease === null) return false;
    const refused = this.refusals.draft(this.current().round);
    const result = await this.#store.append(lease, [...drafts, ...refused.drafts]);
    if ('entries' in result) refused.appended();
    if ('fenced' in result) this.#leadership.lost();
    return !('fenced' in result);
  }
}
