import type { WholeManifest } from './wire/frames.ts';
import type { Hash } from './wire/hex.ts';
import { RefusalCode } from './wire/tapestry_pb.js';

/**
 * Rounds as a pure machine: no clock, no sockets, no randomness. `reduce` takes what happened and says what is to be
 * done; whoever does it (relay/run.ts, durably) reports back with `opened`, `committed`, `abandoned` or `completed`,
 * and only that report changes the round. Work that failed is therefore asked for again at the next tick, and nothing
 * is ever half done.
 *
 * Nodes never block a round: the deadline bounds it from its opening, and the grace from its quorum.
 */

/** A node's Ed25519 public key in lower-case hex: its only name. */
export type NodeKey = string;

/** Times are in milliseconds; `quorum` >= 1, `target` >= `quorum` and `deadlineMs` >= 1. */
export interface RoundLimits {
  readonly rounds: number;
  readonly quorum: number;
  readonly target: number;
  readonly deadlineMs: number;
  readonly graceMs: number;
}

export function roundLimitsOf({ limits, strategy }: WholeManifest): RoundLimits {
  const { quorum, target, deadlineMs, graceMs } = limits;
  return { rounds: strategy.rounds, quorum, target, deadlineMs, graceMs };
}

export interface RoundState {
  readonly phase: 'waiting' | 'open' | 'complete';
  /** From 1. An abandoned round is opened again under its own number, as the next attempt, on the same base. */
  readonly round: number;
  readonly attempt: number;
  readonly base: Hash;
  readonly connected: ReadonlySet<NodeKey>;
  /** Nodes of the open round that are still here and have not contributed: once empty, waiting on is pointless. */
  readonly awaited: ReadonlySet<NodeKey>;
  readonly contributed: ReadonlySet<NodeKey>;
  /** Null unless the round is open. */
  readonly openedAt: number | null;
  readonly deadlineAt: number | null;
  /** Null until the open round has its quorum. */
  readonly graceEndsAt: number | null;
}

export type RoundEvent = { readonly time: number } & (
  | { readonly type: 'tick' }
  | { readonly type: 'joined' | 'left' | 'contributed'; readonly key: NodeKey }
  | { readonly type: 'opened' | 'abandoned' | 'completed' }
  | { readonly type: 'committed'; readonly base: Hash }
);

export type RoundEffect = 'open' | 'commit' | 'abandon' | 'complete';

const closed = {
  awaited: new Set<NodeKey>(),
  contributed: new Set<NodeKey>(),
  openedAt: null,
  deadlineAt: null,
  graceEndsAt: null,
} as const;

/** A run at rest before `round`, whose base is `base`; `attempt` counts how often the round was opened already. */
export function waiting(round: number, attempt: number, base: Hash): RoundState {
  return { phase: 'waiting', round, attempt, base, connected: new Set(), ...closed };
}

/**
 * A round that was open when the relay stopped, going on at `time`. Nodes could not contribute meanwhile, so deadline
 * and grace begin anew; `expected` are the nodes that were connected, which are likely to come back.
 */
export function reopened(
  state: RoundState,
  open: { openedAt: number; contributed: ReadonlySet<NodeKey>; expected: ReadonlySet<NodeKey> },
  time: number,
  limits: RoundLimits,
): RoundState {
  return {
    ...state,
    phase: 'open',
    openedAt: open.openedAt,
    deadlineAt: time + limits.deadlineMs,
    contributed: open.contributed,
    awaited: new Set([...open.expected].filter((key) => !open.contributed.has(key))),
    graceEndsAt: open.contributed.size >= limits.quorum ? time + limits.graceMs : null,
  };
}

/** The state after an event, and the one thing to do now, if any. */
export function reduce(
  state: RoundState,
  event: RoundEvent,
  limits: RoundLimits,
): { state: RoundState; effect: RoundEffect | null } {
  const next = advance(state, event, limits);
  return { state: next, effect: due(next, event.time, limits) };
}

/**
 * Why a contribution of `key` to `round` on `base` cannot be taken now, or null when it can. A round that is about to
 * close takes nothing more, even before the relay came to closing it.
 */
export function refusalOf(
  state: RoundState,
  offer: { key: NodeKey; round: number; base: Hash },
  time: number,
  limits: RoundLimits,
): RefusalCode | null {
  if (state.phase === 'complete' || offer.round < state.round) return RefusalCode.TOO_LATE;
  if (offer.round > state.round) return RefusalCode.WRONG_ROUND;
  if (offer.base !== state.base) return RefusalCode.STALE_BASE;
  if (state.phase === 'waiting') return state.attempt > 0 ? RefusalCode.TOO_LATE : RefusalCode.WRONG_ROUND;
  if (state.contributed.has(offer.key)) return RefusalCode.DUPLICATE;
  return due(state, time, limits) === null ? null : RefusalCode.TOO_LATE;
}

function due(state: RoundState, time: number, limits: RoundLimits): RoundEffect | null {
  if (state.phase === 'complete') return null;
  if (state.round > limits.rounds) return 'complete';
  if (state.phase === 'waiting') return state.connected.size >= limits.quorum ? 'open' : null;
  const late = state.deadlineAt !== null && time >= state.deadlineAt;
  if (state.contributed.size < limits.quorum) return late ? 'abandon' : null;
  const full = state.contributed.size >= limits.target || state.awaited.size === 0;
  const graceOver = state.graceEndsAt !== null && time >= state.graceEndsAt;
  return full || late || graceOver ? 'commit' : null;
}

function advance(state: RoundState, event: RoundEvent, limits: RoundLimits): RoundState {
  switch (event.type) {
    case 'tick':
      return state;
    case 'joined': {
      const awaits = state.phase === 'open' && !state.contributed.has(event.key);
      return {
        ...state,
        connected: withKey(state.connected, event.key),
        awaited: awaits ? withKey(state.awaited, event.key) : state.awaited,
      };
    }
    case 'left':
      return {
        ...state,
        connected: without(state.connected, event.key),
        awaited: without(state.awaited, event.key),
      };
    case 'contributed': {
      if (state.phase !== 'open') return state;
      const contributed = withKey(state.contributed, event.key);
      const quorumReached = state.graceEndsAt === null && contributed.size >= limits.quorum;
      return {
        ...state,
        contributed,
        awaited: without(state.awaited, event.key),
        graceEndsAt: quorumReached ? event.time + limits.graceMs : state.graceEndsAt,
      };
    }
    case 'opened':
      return {
        ...state,
        ...closed,
        phase: 'open',
        attempt: state.attempt + 1,
        awaited: state.connected,
        openedAt: event.time,
        deadlineAt: event.time + limits.deadlineMs,
      };
    case 'committed':
      return { ...state, ...closed, phase: 'waiting', round: state.round + 1, attempt: 0, base: event.base };
    case 'abandoned':
      return { ...state, ...closed, phase: 'waiting' };
    case 'completed':
      return { ...state, ...closed, phase: 'complete' };
  }
}

function withKey(keys: ReadonlySet<NodeKey>, key: NodeKey): ReadonlySet<NodeKey> {
  return new Set([...keys, key]);
}

function without(keys: ReadonlySet<NodeKey>, key: NodeKey): ReadonlySet<NodeKey> {
  return new Set([...keys].filter((other) => other !== key));
}
