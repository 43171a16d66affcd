import type { WholeManifest } from '../wire/frames.ts';
import type { Hash } from '../wire/hex.ts';
import { RefusalCode } from '../wire/tapestry_pb.js';

/**
 * Rounds as a pure machine: no clock, no sockets, no randomness. `reduce` takes an event and returns the one effect
 * that is due. The caller (relay/run/rounds.ts) appends the effect's entry to the journal, and the event of that entry
 * changes the round. An effect that failed is returned again at the next tick.
 *
 * The state holds counts only. The caller knows which nodes are connected and which have contributed, and puts the facts
 * that matter into each event. The cost of an event is therefore the same in a round of 2 nodes and of 1,000.
 *
 * Nodes never block a round: the deadline bounds it from its opening. Nodes that are fast never end it for the others: the
 * grace begins only when more than a share of the nodes that were there at the opening have contributed, and each of these
 * nodes has a place among the `target` contributions until it leaves.
 */

/**
 * Times are in milliseconds; `quorum` >= 1, `target` >= `quorum` and `deadlineMs` >= 1. `target` is the most contributions of a
 * round. `graceShare` is in per cent, below 100. A round of `arrivals` has no grace: it closes once it has its target, or when all
 * have contributed. relay/run/arrivals says what such a round takes.
 */
export interface RoundLimits {
  readonly rounds: number;
  readonly quorum: number;
  readonly target: number;
  readonly deadlineMs: number;
  readonly graceMs: number;
  readonly graceShare: number;
  readonly hasArrivals?: boolean;
}

/** A node that lost the relay tries again several times in this time, in milliseconds (client/retry-delay.ts). */
const returnMs = 10_000;

export function roundLimitsOf({ limits, strategy, pace }: WholeManifest): RoundLimits {
  const { quorum, target, deadlineMs, graceMs, graceShare } = limits;
  const hasArrivals = pace.case === 'arrivals';
  return { rounds: strategy.rounds, quorum, target, deadlineMs, graceMs, graceShare, hasArrivals };
}

export interface RoundState {
  /** `closed`: no more contributions, and the new base is not journaled yet. */
  readonly phase: 'waiting' | 'open' | 'closed' | 'complete';
  /** From 1. An abandoned round is opened again under the same number and on the same base, as the next attempt. */
  readonly round: number;
  readonly attempt: number;
  readonly base: Hash;
  /** Connected nodes. */
  readonly connected: number;
  /** Connected nodes that take no part: they only follow the run, or their persons paused them. */
  readonly resting: number;
  /** Connected nodes that take part and have not contributed to the open attempt. */
  readonly awaited: number;
  readonly contributions: number;
  /** Nodes that were connected when the attempt opened, and that still are or have contributed. */
  readonly expected: number;
  /** Expected nodes that have contributed. */
  readonly heard: number;
  /** The presenter lets no other round open. */
  readonly isHeld: boolean;
  /** The presenter ends the run with the open round. */
  readonly isEnding: boolean;
  /** For an attempt that was open when the relay stopped: how long its nodes have to come back. Null for any other. */
  readonly returnsUntil: number | null;
  /** On the clock of the events' times; null unless the attempt is open. */
  readonly deadlineAt: number | null;
  /** When the nodes of a timed round stop training and its grace begins; null for a round that is not planned. */
  readonly workEndsAt: number | null;
  readonly plannedGraceMs: number;
  /** Null until the grace begins: at `workEndsAt`, or in a round that is not planned once it has its quorum and has heard
   * more than the share of the nodes that it expects. */
  readonly graceEndsAt: number | null;
}

/** Times are those of the monotonic clock (`Clock.elapsed`). */
export type RoundEvent = { readonly time: number } & (
  | { readonly type: 'tick' }
  /** `isAwaited`: the node has not contributed to the open attempt. `isExpected`: it was connected when the attempt opened. */
  | { readonly type: 'joined' | 'left'; readonly isAwaited: boolean; readonly isExpected: boolean }
  /** A connected node takes no part from now on, or takes part again; it does the latter before it leaves. */
  | { readonly type: 'rested' | 'returned'; readonly isAwaited: boolean; readonly isExpected: boolean }
  /** `isConnected`: the node is connected and takes part. */
  | { readonly type: 'contributed'; readonly isConnected: boolean; readonly isExpected: boolean }
  | { readonly type: 'opened' | 'closed' | 'abandoned' | 'completed' }
  | { readonly type: 'committed' | 'adopted'; readonly base: Hash }
  | { readonly type: 'held'; readonly isHeld: boolean }
  | { readonly type: 'ending' }
  /** The open round ends so many milliseconds later. */
  | { readonly type: 'extended'; readonly milliseconds: number }
  /** The times of a timed round, from its opening. They no longer change once its grace has begun. */
  | { readonly type: 'planned'; readonly workMs: number; readonly graceMs: number }
);

export type RoundEffect = 'open' | 'close' | 'commit' | 'abandon' | 'complete';

const between = {
  awaited: 0,
  contributions: 0,
  expected: 0,
  heard: 0,
  returnsUntil: null,
  deadlineAt: null,
  workEndsAt: null,
  plannedGraceMs: 0,
  graceEndsAt: null,
} as const;

/** The state before `round` opens on `base`; `attempt` is how often the round was opened before. */
export function waiting(round: number, attempt: number, base: Hash): RoundState {
  return {
    phase: 'waiting',
    round,
    attempt,
    base,
    connected: 0,
    resting: 0,
    isHeld: false,
    isEnding: false,
    ...between,
  };
}

/**
 * An attempt that was open when the relay stopped, resumed at `time`. Nodes could not contribute meanwhile, so deadline
 * and grace start again, and nodes get time to come back. Every node that joins it is expected.
 */
export function resumed(
  state: RoundState,
  open: { readonly contributions: number; readonly isClosed: boolean },
  time: number,
  limits: RoundLimits,
): RoundState {
  const { contributions, isClosed } = open;
  return {
    ...state,
    phase: isClosed ? 'closed' : 'open',
    contributions,
    expected: contributions,
    heard: contributions,
    returnsUntil: time + returnMs,
    deadlineAt: time + limits.deadlineMs,
    graceEndsAt: contributions >= limits.quorum && limits.hasArrivals !== true ? time + limits.graceMs : null,
  };
}

/** The state after an event, and the one effect that is due, if any. */
export function reduce(
  state: RoundState,
  event: RoundEvent,
  limits: RoundLimits,
): { state: RoundState; effect: RoundEffect | null } {
  const next = withGrace(advance(state, event, limits), event.time, limits);
  return { state: next, effect: due(next, event.time, limits) };
}

/**
 * Why a contribution to `round` on `base` must be refused now; null if it can be accepted. A round that is due to close
 * accepts no more. A node that is not expected gets a place only if enough remain for those that are: `others` such
 * nodes are about to be accepted before it.
 */
export function refusalOf(
  state: RoundState,
  offer: {
    readonly round: number;
    readonly base: Hash;
    readonly isExpected: boolean;
    readonly others: number;
  },
  time: number,
  limits: RoundLimits,
): RefusalCode | null {
  if (state.phase === 'complete' || offer.round < state.round) return RefusalCode.TOO_LATE;
  if (offer.round > state.round) return RefusalCode.WRONG_ROUND;
  if (offer.base !== state.base) return RefusalCode.STALE_BASE;
  if (state.phase === 'waiting') return state.attempt > 0 ? RefusalCode.TOO_LATE : RefusalCode.WRONG_ROUND;
  if (due(state, time, limits) !== null) return RefusalCode.TOO_LATE;
  const taken = state.contributions + state.expected - state.heard + offer.others;
  return offer.isExpected || taken < limits.target ? null : RefusalCode.TOO_MANY;
}

function due(state: RoundState, time: number, limits: RoundLimits): RoundEffect | null {
  if (state.phase === 'complete') return null;
  if (state.phase === 'closed') return 'commit';
  if (state.round > limits.rounds) return 'complete';
  if (state.phase === 'waiting') {
    if (state.isEnding) return 'complete';
    return state.connected >= limits.quorum && !state.isHeld ? 'open' : null;
  }
  const late = state.isEnding || (state.deadlineAt !== null && time >= state.deadlineAt);
  if (state.contributions < limits.quorum) return late ? 'abandon' : null;
  // All connected nodes have contributed, and none of a resumed attempt is still coming back.
  const allHere = state.awaited === 0 && time >= (state.returnsUntil ?? time);
  const graceOver = state.graceEndsAt !== null && time >= state.graceEndsAt;
  return state.contributions >= limits.target || allHere || late || graceOver ? 'close' : null;
}

/** Begins the grace once it is due. */
function withGrace(state: RoundState, time: number, limits: RoundLimits): RoundState {
  const { phase, contributions, expected, heard, graceEndsAt } = state;
  if (phase !== 'open' || graceEndsAt !== null || limits.hasArrivals === true) return state;
  if (state.workEndsAt !== null)
    return time < state.workEndsAt
      ? state
      : { ...state, graceEndsAt: state.workEndsAt + state.plannedGraceMs };
  if (contributions < limits.quorum) return state;
  if (expected > 0 && heard * 100 <= expected * limits.graceShare) return state;
  return { ...state, graceEndsAt: time + limits.graceMs };
}

function advance(state: RoundState, event: RoundEvent, limits: RoundLimits): RoundState {
  const { connected, resting, awaited } = state;
  switch (event.type) {
    case 'tick':
      return state;
    case 'joined':
    case 'returned': {
      const waits = state.phase === 'open' && event.isAwaited ? 1 : 0;
      const expected = state.expected + (event.isExpected ? waits : 0);
      const counts = { awaited: awaited + waits, expected };
      if (event.type === 'joined') return { ...state, ...counts, connected: connected + 1 };
      return { ...state, ...counts, resting: resting - 1 };
    }
    case 'left':
    case 'rested': {
      const waited = state.phase === 'open' && event.isAwaited ? 1 : 0;
      const expected = state.expected - (event.isExpected ? waited : 0);
      const counts = { awaited: awaited - waited, expected };
      if (event.type === 'left') return { ...state, ...counts, connected: connected - 1 };
      return { ...state, ...counts, resting: resting + 1 };
    }
    case 'contributed': {
      if (state.phase !== 'open') return state;
      const { isConnected, isExpected } = event;
      return {
        ...state,
        contributions: state.contributions + 1,
        awaited: awaited - (isConnected ? 1 : 0),
        // A node that left is no longer expected, until its contribution is there.
        expected: state.expected + (isExpected && !isConnected ? 1 : 0),
        heard: state.heard + (isExpected ? 1 : 0),
      };
    }
    case 'opened':
      return {
        ...state,
        ...between,
        phase: 'open',
        attempt: state.attempt + 1,
        awaited: connected - resting,
        expected: connected - resting,
        deadlineAt: event.time + limits.deadlineMs,
      };
    case 'planned': {
      if (state.phase !== 'open' || state.deadlineAt === null || state.graceEndsAt !== null) return state;
      // No event came since the nodes stopped training.
      if (state.workEndsAt !== null && event.time >= state.workEndsAt) return state;
      const workEndsAt = state.deadlineAt - limits.deadlineMs + event.workMs;
      return { ...state, workEndsAt, plannedGraceMs: event.graceMs };
    }
    case 'held':
      return { ...state, isHeld: event.isHeld };
    case 'ending':
      return { ...state, isEnding: true };
    case 'extended': {
      if (state.phase !== 'open') return state;
      const later = (at: number | null) => (at === null ? null : at + event.milliseconds);
      const [deadlineAt, graceEndsAt] = [later(state.deadlineAt), later(state.graceEndsAt)];
      return { ...state, deadlineAt, graceEndsAt, workEndsAt: later(state.workEndsAt) };
    }
    case 'closed':
      return { ...state, phase: 'closed' };
    case 'committed':
      return { ...state, ...between, phase: 'waiting', round: state.round + 1, attempt: 0, base: event.base };
    case 'adopted':
      return { ...state, base: event.base };
    case 'abandoned':
      return { ...state, ...between, phase: 'waiting' };
    case 'completed':
      return { ...state, ...between, phase: 'complete' };
  }
}
