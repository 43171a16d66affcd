import { create } from '@bufbuild/protobuf';
import { Pace } from '../../../../relay/run/pace/pace.ts';
import type { RoundTimes } from '../../../../relay/run/pace/plan.ts';
import type { Speeds } from '../../../../relay/run/pace/speeds.ts';
import type { RoundState } from '../../../../relay/run/round.ts';
import { type RoundPlan, RoundPlanSchema } from '../../../../relay/wire/tapestry_pb.js';
import type { NodeNumber, VirtualHeartbeat, VirtualOffer } from '../world/messages.ts';
import { type JournalState, keyOf } from './journal.ts';
import { type RoundOptions, type RoundWorld, stalenessOf } from './round-options.ts';

/** More nodes than a world has. */
const mostMeasured = 1_000_000;

/** The real machines that measure nodes, and plan timed rounds or tell each node its steps, as relay/run/rounds.ts feeds them. */
export class RelayPacing {
  readonly #world: RoundWorld;
  readonly #options: RoundOptions;
  /** Null but in a run with timed rounds. */
  readonly #pace: Pace | null;
  /** Null but in a run with arrivals. */
  readonly #speeds: Speeds | null;
  /** The connected nodes, as the machines name them. */
  readonly #keys = new Set<string>();

  /** Takes up what the journal tells of the nodes. */
  constructor(world: RoundWorld, options: RoundOptions, { contributors }: JournalState) {
    this.#world = world;
    this.#options = options;
    const { pace, arrivals, tokensPerStep } = options;
    this.#pace = pace === null ? null : new Pace(pace, tokensPerStep, mostMeasured);
    this.#speeds = arrivals ? new world.machines.Speeds(arrivals, tokensPerStep, mostMeasured) : null;
    const known = new Map([...contributors].map(([node, totals]) => [keyOf(node), totals]));
    this.#pace?.resume(known);
    this.#speeds?.resume(known);
  }

  /** `isFirst`: the open attempt is the first at its round, and nodes cannot have earlier work. */
  joined(node: NodeNumber, isFirst: boolean): void {
    const time = this.#world.elapsed();
    this.#keys.add(keyOf(node));
    this.#pace?.measures.joined(keyOf(node), isFirst, time);
    this.#speeds?.joined(keyOf(node), time);
  }

  left(node: NodeNumber): void {
    this.#keys.delete(keyOf(node));
  }

  reported({ node, round, steps, stepMs }: VirtualHeartbeat & { node: NodeNumber }, current: number): void {
    if (round > current || round < current - stalenessOf(this.#options)) return;
    const rate = (1000 * this.#options.tokensPerStep) / Math.max(1, stepMs);
    this.#speeds?.reported(keyOf(node), steps, rate);
    this.#pace?.reported(keyOf(node), steps, rate, this.#world.elapsed());
  }

  offered(node: NodeNumber, offer: Pick<VirtualOffer, 'round' | 'steps'>): void {
    const time = this.#world.elapsed();
    this.#pace?.measures.offered(keyOf(node), offer.steps, time);
    this.#speeds?.offered(keyOf(node), offer, time);
  }

  opened(round: number, attempt: number, taking: readonly NodeNumber[]): void {
    const time = this.#world.elapsed();
    this.#pace?.roundOpened();
    this.#speeds?.opened(round, time, taking.map(keyOf));
    this.#pace?.measures.opened(this.#keys, attempt === 1, time);
  }

  accepted(node: NodeNumber): void {
    this.#pace?.measures.accepted(keyOf(node), this.#world.elapsed());
  }

  closed(taking: readonly NodeNumber[]): void {
    this.#pace?.measures.closed(taking.map(keyOf));
  }

  /** A new plan of the open round; null without one. */
  plan(): RoundTimes | null {
    return this.#pace?.plan(this.#keys) ?? null;
  }

  /** What a node is told of the open round's plan; null for a round without one. */
  planFor(
    node: NodeNumber,
    { round, attempt, workEndsAt, plannedGraceMs: graceMs }: RoundState,
  ): RoundPlan | null {
    if (workEndsAt === null || this.#pace === null) return null;
    const workMs = Math.ceil(Math.max(0, workEndsAt - this.#world.elapsed()));
    const plannedMs = this.#pace.planned?.workMs ?? 0;
    const times = { workMs, graceMs, plannedMs, ...this.#pace.of(keyOf(node)) };
    return create(RoundPlanSchema, { round, attempt, ...times });
  }

  /** The local steps that a node is told at the opening of a round. */
  stepsOf(node: NodeNumber): number {
    return this.#speeds?.stepsOf(keyOf(node)) ?? this.#options.localSteps;
  }
}
