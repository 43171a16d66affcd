import { learningRateAt, type Schedule } from '../../train/optimizer/schedule.ts';

/** Steps over which a node's rate rises after it joined a run late or came back: those of Covenant-72B. */
const mostWarmupSteps = 30;

/** Rounds in a row that a node may miss before it counts as one that comes back; in a run with arrivals as many as its staleness. */
const mostMissed = 1;

/**
 * The optimizer's step at which a node last joined its run late or came back; null if it trains since the run's first round.
 * `before` is the round that it trained last, and null before its first; `step` is the optimizer's step now.
 */
export function joinedAt(
  {
    round,
    before,
    staleness,
  }: { readonly round: number; readonly before: number | null; readonly staleness: number },
  earlier: number | null,
  step: number,
): number | null {
  const isNew = before === null ? round > 1 : round - before - 1 > Math.max(mostMissed, staleness);
  return isNew ? step : earlier;
}

/**
 * The rate of the run's schedule at the run's step `at`, lower in the first steps after a node joined late or came back: its moments are
 * of few steps or of another base, and give unstable updates. `steps` counts the node's own since then, from 1; null if it did not.
 */
export function rateAfterJoining(schedule: Schedule, at: number, steps: number | null): number {
  const scheduled = learningRateAt(at, schedule);
  const warmup = Math.min(mostWarmupSteps, schedule.warmupSteps);
  return steps === null || steps >= warmup ? scheduled : (scheduled * steps) / warmup;
}
