import type { Replay } from '../../journal/replay.ts';
import type { RoundLimits, RoundState } from '../round.ts';
import type { CurrentRound } from '../run-events.ts';

/**
 * The round that is open, or that opens next, as nodes and people are told of it. `plannedMs`: the time for training at the opening of a
 * round that is planned. `now` is on the clock of the state.
 */
export function currentRound(
  state: RoundState,
  { rounds }: Pick<RoundLimits, 'rounds'>,
  replay: Pick<Replay, 'normBound' | 'presented' | 'open'>,
  plannedMs: number,
  now: number,
): CurrentRound {
  const { phase, round, attempt, base, contributions, awaited, connected } = state;
  const { deadlineAt, graceEndsAt, workEndsAt, plannedGraceMs: graceMs } = state;
  const isOpen = phase === 'open' || phase === 'closed';
  return {
    round: Math.min(round, rounds),
    attempt,
    base,
    normBound: replay.normBound,
    phase: isOpen ? (graceEndsAt === null ? 'training' : 'grace') : phase,
    hold: state.isHeld ? (replay.presented === 'paused' ? 'paused' : 'lobby') : null,
    contributions,
    expected: isOpen ? contributions + awaited : connected,
    openedAt: replay.open?.openedAt ?? null,
    remainingMs: deadlineAt === null ? null : Math.max(0, deadlineAt - now),
    plan: workEndsAt === null ? null : { workMs: Math.max(0, workEndsAt - now), graceMs, plannedMs },
  };
}
