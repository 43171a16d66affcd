import type { PlanTimes } from '../events.ts';
import { fresh, mostMissed, type Standing } from './following.ts';
import { afterCommit, afterLate, afterPlan, type Chosen, choiceOf } from './part.ts';
import { type Advanced, type Session, type SessionEvent, tell } from './state.ts';

/** Takes what the run grants; a node that cannot train the whole model says so at once. */
export function granted(session: Session, event: SessionEvent & { kind: 'granted' }): Advanced {
  const choice = choiceOf(event.granted, event.part);
  const { fitsWhole, trainingBytes: bytes } = event.granted;
  return chosen(session, 0, [choice, fitsWhole ? null : { kind: 'memory', bytes }]);
}

/** Chooses by the plan of the open round what to train from the next one on. */
export function partAfterPlan(session: Session, times: PlanTimes): Advanced {
  const { part, plan } = session;
  if (part === null || plan === null) return [session, []];
  return chosen(session, plan.round, afterPlan(part, plan.round, times));
}

/** A node that would only follow trains the part instead, where the run grants one; null if it trains it already. */
export function partAfterLate(session: Session, { fromOpening }: Standing, round: number): Advanced | null {
  const made = afterLate(session.part, round, mostMissed);
  return made && chosen({ ...session, standing: { ...fresh, fromOpening } }, round, made);
}

/** A round was committed. One late round is enough to end a trial. */
export function partAfterCommit(session: Session, standing: Standing, round: number): Advanced {
  if (session.part === null) return [{ ...session, standing }, []];
  const made = afterCommit(session.part);
  const [, why] = made;
  return chosen(
    { ...session, standing: why ? { ...standing, missed: mostMissed - 1 } : standing },
    round,
    made,
  );
}

function chosen(session: Session, round: number, [choice, why]: Chosen): Advanced {
  const next = { ...session, part: choice };
  if (why === null) return [next, []];
  const { part, granted } = choice;
  const { layers, of } = granted;
  return [next, [tell({ event: 'part', round, part, layers, of, why })]];
}
