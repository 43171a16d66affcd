import { afterRound, follows, fresh } from './following.ts';
import { afterAccepted } from './part.ts';
import { partAfterCommit, partAfterLate, partAfterPlan } from './part-turns.ts';
import {
  type Advanced,
  type CountedIn,
  type Effect,
  end,
  idle,
  type Round,
  type Session,
  type SessionEvent,
  tell,
  type Work,
} from './state.ts';

/** True if both name the same round and base; attempts share training results. */
export const same = (a: Round, b: { readonly round: number; readonly base: string }) =>
  a.round === b.round && a.base === b.base;

/** The attempt in which accepted work counts. */
const countsIn = ({ counts, round }: Work & { kind: 'accepted' }): CountedIn => counts ?? round;

export function acceptedWork(
  round: Round,
  payload: string,
  counts?: CountedIn,
): Work & { readonly kind: 'accepted' } {
  return { kind: 'accepted', round, payload, inDoubt: false, ...(counts && { counts }) };
}

/** The last round that the node knows to be over; 0 before the first. */
export function roundsOver({ newest, open }: Pick<Session, 'newest' | 'open'>): number {
  return Math.max(newest?.round ?? 0, (open?.round ?? 1) - 1);
}

/**
 * True if the node's work can still count in the round that is open or opens next. In a run with arrivals that may be a later one than it
 * began from.
 */
export function goesOn(
  { work, staleness }: Session,
  current: { readonly round: number; readonly base: string },
): boolean {
  if (work.kind === 'idle') return false;
  if (work.kind === 'accepted' && work.counts !== undefined) return work.counts.round === current.round;
  if (staleness === 0 || work.round.round === current.round) return same(work.round, current);
  return work.round.round < current.round && current.round <= work.round.round + staleness;
}

/** Handles the opening of a round: continues it if the node already works on it, otherwise drops its work and begins. */
export function opened(session: Session, round: Round): Advanced {
  const { work, standing } = session;
  if (session.open !== null && isBefore(round, session.open)) return [session, []];
  // Work continues over the attempts at a round, so that a node of any speed can take part in one that opens again.
  const isAgain = round.attempt > 1;
  const open = {
    ...session,
    open: round,
    plan: null,
    standing: standing && isAgain ? { ...standing, follows: 0 } : standing,
  };
  // A message that is late: the relay has accepted work on a later round.
  if (work.kind === 'accepted' && round.round < countsIn(work).round) return [session, []];
  if (work.kind === 'asked') return [open, []];
  if (goesOn(session, round)) return continued(open, round);
  const [clear, effects] = close(uncounted(open, round));
  const [begun, started] = begin(clear);
  return [begun, [...effects, ...started]];
}

/** On one connection rounds and their attempts only rise: an earlier one comes in a message that was overtaken. */
function isBefore(one: Round, other: Round): boolean {
  return one.round < other.round || (one.round === other.round && one.attempt < other.attempt);
}

/**
 * A round that opens again on another base, as below an upstream relay, made no base of what it had accepted: that work returns whole
 * to the error feedback.
 */
function uncounted(session: Session, round: Round): Session {
  const { work } = session;
  if (work.kind !== 'accepted' || countsIn(work).round !== round.round) return session;
  const { payload } = work;
  return { ...session, work: { kind: 'ready', round: work.round, payload, again: true, inDoubt: false } };
}

/** Continues work on a round that is open. What an abandoned attempt had accepted is offered to the new one. */
function continued(session: Session, round: Round): Advanced {
  const { work } = session;
  if (work.kind === 'idle' || work.kind === 'asked') return [session, []];
  // Work that began from an older base names its own round.
  const own = work.round.round === round.round ? round : work.round;
  if (!('payload' in work)) return [{ ...session, work: { ...work, round: own } }, []];
  if (work.kind !== 'accepted') return offer({ ...session, work: { ...work, round: own } });
  if (countsIn(work).attempt === round.attempt)
    return [{ ...session, work: { ...work, inDoubt: false } }, []];
  const { payload } = work;
  return offer({ ...session, work: { kind: 'ready', round: own, payload, again: true, inDoubt: false } });
}

/** Takes the plan of the open attempt; training asks for it after each step. */
export function planned(session: Session, event: SessionEvent & { kind: 'planned' }): Advanced {
  const { open } = session;
  const { plan, times } = event;
  if (open === null || open.round !== plan.round || open.attempt !== plan.attempt) return [session, []];
  const told = tell({ event: 'plan', round: plan.round, ...times });
  const [next, effects] = partAfterPlan({ ...session, plan }, times);
  return [next, [told, ...effects]];
}

/** Begins the open round, unless the node is paused, has ended or has settled this attempt. */
function begin(session: Session): Advanced {
  const { open, settled } = session;
  if (session.ended || session.paused || session.work.kind !== 'idle' || open === null) return [session, []];
  if (settled !== null && same(settled, open) && settled.attempt === open.attempt) return [session, []];
  const job = session.job + 1;
  return [{ ...session, job, work: { kind: 'syncing', round: open } }, [{ kind: 'sync', job, round: open }]];
}

/** Offers a ready contribution if the relay is connected and its round is open. */
export function offer(session: Session): Advanced {
  const { work, open } = session;
  if (work.kind !== 'ready' || session.connection !== 'up' || open === null) {
    return [session, []];
  }
  return [{ ...session, work: { ...work, kind: 'offered' } }, [{ kind: 'offer', payload: work.payload }]];
}

/**
 * Ends work on a round that is over. What the relay may have counted unheard must be neither sent again nor given up: the node offers it
 * once more, and begins nothing before the answer.
 */
export function close(session: Session): Advanced {
  const { work } = session;
  if (work.kind === 'asked') return ask(session);
  if (!('inDoubt' in work) || !work.inDoubt) return drop(session, 'closed');
  const { round, payload } = work;
  const again = work.kind === 'accepted' || work.again;
  return ask({ ...session, work: { kind: 'asked', round, payload, again } });
}

/** Asks whether work on a round that is over counts; on a connection that broke nothing is answered, so each asks again. */
export function ask(session: Session): Advanced {
  const { work, connection } = session;
  if (work.kind !== 'asked' || connection !== 'up') return [session, []];
  return [session, [{ kind: 'offer', payload: work.payload }]];
}

/** Ends the current work: what was accepted is final, and the payload of other work is never sent again. */
export function drop(session: Session, reason: 'refused' | 'closed' | 'not-finite'): Advanced {
  const { work } = session;
  if (work.kind === 'idle') return [session, []];
  if (work.kind === 'accepted')
    return [{ ...session, work: idle }, [{ kind: 'settle', payload: work.payload }]];
  const dropped = { ...session, work: idle, settled: work.round, job: session.job + 1 };
  const effects: Effect[] =
    'payload' in work
      ? [{ kind: 'discard', payload: work.payload }]
      : [{ kind: work.kind === 'training' ? 'conclude' : 'stop' }];
  if (!follows(session)) effects.push(tell({ event: 'dropped', round: work.round.round, reason }));
  return finishIfAsked(dropped, effects);
}

/**
 * Ends the current work, and begins the open round if the work was not of it: in a run with arrivals a round is open longer than work, and
 * work on a round that is over may have waited for an answer.
 */
export function dropAndGoOn(session: Session, reason: 'refused' | 'not-finite'): Advanced {
  const [clear, effects] = drop(session, session.work.kind === 'asked' ? 'closed' : reason);
  const [begun, started] = begin(clear);
  return [begun, [...effects, ...started]];
}

/** The relay accepted the contribution. `counts`: where it counts, in a run with arrivals; `sequence` and it are unknown if the relay only says that it has it. */
export function accepted(
  session: Session,
  payload: string,
  sequence: number | null,
  counts?: CountedIn,
): Advanced {
  const { work, standing, part, staleness } = session;
  if (!('payload' in work) || work.payload !== payload || work.kind === 'accepted') return [session, []];
  const { round } = work;
  if (work.kind === 'asked') return counted(session, work, sequence);
  const done: Session = {
    ...session,
    work: acceptedWork(round, payload, counts),
    settled: round,
    standing: standing && { ...fresh, fromOpening: standing.fromOpening },
    part: part && afterAccepted(part),
  };
  const [next, effects] = finishIfAsked(done, [{ kind: 'accept', payload, sequence }]);
  // The round in which an arrival counts may have ended before its receipt came.
  if (next.ended || staleness === 0 || (counts !== undefined && counts.round > roundsOver(session)))
    return [next, effects];
  const [begun, started] = begin({ ...next, work: idle });
  return [begun, [...effects, { kind: 'settle', payload }, ...started]];
}

/** The relay's receipt says that work on a round that is over counts. */
function counted(
  session: Session,
  { payload, again }: Work & { kind: 'asked' },
  sequence: number | null,
): Advanced {
  return settled(session, payload, again ? [] : [{ kind: 'accept', payload, sequence }]);
}

/** The work is over, and what its encoding left out is the residual: after the effects of what was `heard`, the node goes on. */
function settled(session: Session, payload: string, heard: readonly Effect[]): Advanced {
  const [next, effects] = finishIfAsked({ ...session, work: idle }, [...heard, { kind: 'settle', payload }]);
  const [begun, started] = begin(next);
  return [begun, [...effects, ...started]];
}

/**
 * The relay has other work of this node on that round, by a process that lost its memory; or the same work, whose receipt was lost. On a round
 * that is over the other work is all that counts.
 */
export function duplicate(session: Session): Advanced {
  const { work } = session;
  if (work.kind === 'asked') return dropAndGoOn(session, 'refused');
  if (work.kind !== 'offered' && work.kind !== 'uploading') return [session, []];
  return accepted(session, work.payload, null);
}

/**
 * The guard did not allow the base of an attempt that had this contribution, whether or not the node heard its receipt. Its payload is not
 * returned to the error feedback, which would send the same again: the node trains anew.
 */
export function spent(session: Session): Advanced {
  const { work } = session;
  return 'payload' in work ? settled(session, work.payload, []) : [session, []];
}

function finishIfAsked(session: Session, effects: readonly Effect[]): Advanced {
  if (!session.finishing) return [session, effects];
  const [ended, ending] = end(session, session.leaving ? 'interrupted' : 'finished', null);
  return [ended, [...effects, ...ending]];
}

/** Handles a commit: the round has made a new base, so work on this or an earlier round is too late and is dropped. */
export function committed(session: Session, event: SessionEvent & { kind: 'committed' }): Advanced {
  const { round, base, contributions, tokens, fate } = event;
  const told = tell({ event: 'committed', round, base, contributions, tokens, fate });
  const { work } = session;
  const last = work.kind === 'accepted' ? countsIn(work).round : lastRound(session);
  const isOver = work.kind !== 'idle' && last <= round;
  const [{ standing, part }, following] = standingAfter(session, round);
  const between = { ...session, open: null, plan: null, newest: { round, base } };
  const [clear, effects] = isOver ? close(between) : [between, []];
  return [{ ...clear, standing, part }, [told, ...effects, ...(clear.ended ? [] : following)]];
}

/** The last round in which the node's work can count. */
function lastRound({ work, staleness }: Pick<Session, 'work' | 'staleness'>): number {
  return work.kind === 'idle' ? 0 : work.round.round + staleness;
}

/** The session's standing and part after a commit, and the effect of a node that is too slow from then on. */
function standingAfter(session: Session, round: number): Advanced {
  const { work, standing, paused, connection, staleness } = session;
  if (standing === null) return [session, []];
  const fromOpening = connection === 'up' && !paused;
  const isOwn = work.kind !== 'idle' && work.kind !== 'accepted' && work.kind !== 'asked';
  const isLate = isOwn && lastRound({ work, staleness }) === round && !paused;
  const next = { ...afterRound(standing, isLate), fromOpening };
  if (!isLate || next.follows <= standing.follows) return partAfterCommit(session, next, round);
  const lower = partAfterLate(session, next, round);
  if (lower !== null) return lower;
  const was = work.kind === 'syncing' || work.kind === 'training' ? work.kind : 'sending';
  const { localSteps } = work.round;
  return [{ ...session, standing: next }, [{ kind: 'follow', round, was, localSteps, rounds: next.follows }]];
}

/** The node has its base. One that only follows has nothing else to do in this round. */
export function synced(session: Session): Advanced {
  const { work, job } = session;
  if (work.kind !== 'syncing') return [session, []];
  const { round } = work;
  // With arrivals another round may have opened since, whose base is then fetched too.
  if (follows(session)) return begin({ ...session, work: idle, settled: round });
  return [{ ...session, work: { kind: 'training', round } }, [{ kind: 'train', job, round }]];
}

/** A node that follows takes part at once, since it may be fast enough now. */
export function faster(session: Session): Advanced {
  const { open, settled, standing } = session;
  if (standing === null || !follows(session)) return [session, []];
  const isFollowed = open !== null && settled !== null && same(settled, open) && session.work.kind === 'idle';
  return begin({ ...session, standing: fresh, settled: isFollowed ? null : settled });
}

/**
 * Handles an abandoned round, which made no base and opens again under the same number. Work for it continues; otherwise
 * no node could ever finish under a deadline that is too short. An accepted contribution no longer counts. Its work names the old
 * attempt, so the node offers it again to the new one, even if it was offline when the round was abandoned.
 */
export function abandoned(session: Session, round: number): Advanced {
  const told = tell({ event: 'abandoned', round });
  const between = { ...session, open: null };
  // An arrival waits for the next attempt as it is.
  if (session.work.kind === 'asked') {
    const [asked, effects] = ask(between);
    return [asked, [told, ...effects]];
  }
  if (session.staleness > 0) return [between, [told]];
  const [clear, effects] = session.finishing ? drop(between, 'closed') : [unsent(between), []];
  return [clear, [told, ...effects]];
}

/**
 * Marks a contribution that was being sent as ready, so that the node offers it again on the next connection or attempt. Its receipt may
 * be what was lost.
 */
export function unsent(session: Session): Session {
  const { work } = session;
  const onItsWay = work.kind === 'offered' || work.kind === 'uploading';
  return onItsWay ? { ...session, work: { ...work, kind: 'ready', inDoubt: true } } : session;
}

/** The connection is gone: what was accepted may not be in the base of its round, if that was abandoned meanwhile. */
export function unheard(session: Session): Session {
  const { work } = session;
  return work.kind === 'accepted' ? { ...session, work: { ...work, inDoubt: true } } : unsent(session);
}

export function resumed(session: Session): Advanced {
  const [next, effects] = begin({ ...session, paused: false, standing: session.standing && fresh });
  return [next, [{ kind: 'release' }, tell({ event: 'resumed' }), ...effects]];
}
