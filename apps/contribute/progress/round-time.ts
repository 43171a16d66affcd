import type { RelayStatus } from '../../../relay/wire/status.ts';
import { runPace } from '../../ui/time/run-pace.ts';
import type { ContributeView } from '../contribute-view.ts';

/** When a round and the run end, in milliseconds since 1970; null where nothing is measured yet. */
export interface Ends {
  readonly round: number | null;
  readonly run: number | null;
  /** True if the relay's deadline ends the round before this node has done all its steps. */
  readonly isCutOff: boolean;
}

/** Milliseconds that this device takes for all steps of a round; null before the first measured speed. */
export function roundMilliseconds({ steps, tokensPerStep, tokensPerSecond }: ContributeView): number | null {
  return tokensPerSecond > 0 && tokensPerStep > 0 ? (steps * tokensPerStep * 1000) / tokensPerSecond : null;
}

/** Milliseconds that the relay gives to the current round; null where it waits without a deadline. */
export function allowedMilliseconds(status: RelayStatus | null): number | null {
  const { openedAt = null, deadlineAt = null } = status?.round ?? {};
  return openedAt === null || deadlineAt === null ? null : deadlineAt - openedAt;
}

/**
 * When the round and the run end, by steps left and measured speed. The run's further rounds last as long as its latest
 * did; before any has committed, as long as this device takes for one.
 */
export function endsOf(view: ContributeView, status: RelayStatus | null, now: number): Ends {
  const whole = roundMilliseconds(view);
  if (view.activity !== 'training' || view.paused || whole === null || view.steps === 0)
    return { round: null, run: null, isCutOff: false };
  const own = now + (whole * (view.steps - view.step)) / view.steps;
  const isSameRound = status?.round.number === view.round;
  const deadline = isSameRound ? (status?.round.deadlineAt ?? null) : null;
  const isCutOff = deadline !== null && deadline < own;
  const round = isCutOff ? Math.max(now, deadline) : own;
  const pace = runPace(status) ?? whole;
  return { round, run: round + pace * Math.max(0, view.rounds - view.round), isCutOff };
}
