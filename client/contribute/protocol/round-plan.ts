import type { RoundPlan } from '../../../relay/wire/tapestry_pb.js';
import type { SessionEvent } from '../session/state.ts';

/** An upload may take so many times as long as the last one. */
const uploadMargin = 1.25;

/** The session's event of a round's plan that arrived at `now` on this node's clock. */
export function plannedRound(message: RoundPlan, now: number): SessionEvent {
  const { round, attempt, workMs, graceMs, plannedMs, trainingMs, uploadMs } = message;
  const early = Math.max(0, uploadMs * uploadMargin - graceMs);
  return {
    kind: 'planned',
    plan: { round, attempt, workUntil: now + Math.max(0, workMs - early) },
    times: {
      plannedMilliseconds: plannedMs,
      leftMilliseconds: workMs,
      graceMilliseconds: graceMs,
      trainingMilliseconds: trainingMs,
      uploadMilliseconds: uploadMs,
      tooShort: trainingMs + uploadMs > plannedMs + graceMs,
    },
  };
}
