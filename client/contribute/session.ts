import { GoodbyeReason, type RefusalCode } from '../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../errors.ts';
import { backoff, retryDelay } from './backoff.ts';
import type { ContributorEvent } from './events.ts';
import { answerTo, refusalError, refusalName } from './refusals.ts';

/**
 * What a node does about everything that can happen to it, as a pure machine: `advance(session, event)` gives the next
 * session and the effects to run. It has no clock, socket or randomness of its own, so any fault can be replayed.
 *
 * The link to the relay and the work of a round are separate: training goes on while the link is being restored, and a
 * contribution made meanwhile is offered once the relay says that its round is still open.
 */
export interface Session {
  readonly link: 'down' | 'connecting' | 'joining' | 'up';
  readonly work: Work;
  /** The round that the relay last said is open; null between rounds. */
  readonly open: Round | null;
  /** The attempt at a round that this node has finished with, accepted or not. */
  readonly settled: Round | null;
  readonly paused: boolean;
  /** The session ends once its work is settled; `leaving`, also once the link is lost. */
  readonly finishing: boolean;
  readonly leaving: boolean;
  /** Whether the relay ever welcomed this session. */
  readonly known: boolean;
  /** Failed connections since the last welcome. */
  readonly attempt: number;
  /** Numbers the jobs (sync, train), so that the report of one that was stopped is told from the present one's. */
  readonly job: number;
  readonly ended: boolean;
}

export interface Round {
  readonly round: number;
  /** Hash of the base, hex. */
  readonly base: string;
  /** From 1: a round that was abandoned opens again as the next one. 0 where the relay is yet to say which it is. */
  readonly attempt: number;
  readonly localSteps: number;
}

/** Work of one round, in the order it happens. `ready` means made, but not offered over the present link. */
export type Work =
  | { readonly kind: 'idle' }
  | { readonly kind: 'syncing' | 'training'; readonly round: Round }
  | {
      readonly kind: 'ready' | 'offered' | 'uploading';
      readonly round: Round;
      /** Hash of the contribution's payload, hex. */
      readonly payload: string;
    };

export type SessionEvent =
  | { readonly kind: 'start' | 'connected' | 'retry' }
  /** A contribution made before this process started; comes before the first `welcomed`. */
  | {
      readonly kind: 'restored';
      readonly round: Round;
      readonly payload: string;
      readonly acknowledged: boolean;
    }
  | { readonly kind: 'welcomed'; readonly round: number; readonly base: string }
  | { readonly kind: 'opened'; readonly round: Round }
  | { readonly kind: 'resume'; readonly payload: string; readonly offset: number }
  | { readonly kind: 'acknowledged'; readonly payload: string; readonly sequence: number }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly round: number; readonly jitter: number }
  | {
      readonly kind: 'committed';
      readonly round: number;
      readonly base: string;
      readonly contributions: number;
      readonly tokens: number;
    }
  | { readonly kind: 'abandoned'; readonly round: number }
  | { readonly kind: 'goodbye'; readonly reason: GoodbyeReason; readonly jitter: number }
  /** The socket closed or could not be opened, or a base could not be fetched. `jitter` is uniform over [0, 1). */
  | { readonly kind: 'disconnected'; readonly problem: TapestryError; readonly jitter: number }
  | { readonly kind: 'synced'; readonly job: number }
  | { readonly kind: 'trained'; readonly job: number; readonly payload: string }
  /** The round's training gave no finite delta. */
  | { readonly kind: 'diverged'; readonly job: number }
  /** Something that no retry mends. */
  | { readonly kind: 'failed'; readonly problem: Error }
  | { readonly kind: 'pause' | 'resume-work' | 'finish' | 'leave' };

export type Effect =
  | { readonly kind: 'connect' | 'disconnect' }
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'sync' | 'train'; readonly job: number; readonly round: Round }
  /** Stop the present job at its next step. */
  | { readonly kind: 'stop' }
  /** Hold training at its next step, or let it go on. */
  | { readonly kind: 'hold' | 'release' }
  | { readonly kind: 'offer'; readonly payload: string }
  | { readonly kind: 'upload'; readonly payload: string; readonly offset: number }
  /** The contribution is accepted (its rounding error becomes the residual), or given up. */
  | { readonly kind: 'accept'; readonly payload: string; readonly sequence: number | null }
  | { readonly kind: 'discard'; readonly payload: string }
  | { readonly kind: 'tell'; readonly event: ContributorEvent }
  /** Send Leave where the link is up, close it, and end. `problem` is null where nothing is wrong. */
  | {
      readonly kind: 'end';
      readonly reason: 'finished' | 'interrupted' | 'complete' | 'failed';
      readonly problem: Error | null;
    };

const idle: Work = { kind: 'idle' };

/** A session before its first connection. */
export const newSession: Session = {
  link: 'down',
  work: idle,
  open: null,
  settled: null,
  paused: false,
  finishing: false,
  leaving: false,
  known: false,
  attempt: 0,
  job: 0,
  ended: false,
};

type Advanced = readonly [Session, readonly Effect[]];

/** Whether work for one is work for the other: attempts at a round share its base, and so what was trained from it. */
const same = (a: Round, b: { readonly round: number; readonly base: string }) =>
  a.round === b.round && a.base === b.base;

/** The next session, and what to do, in order. An ended session stays as it is. */
export function advance(session: Session, event: SessionEvent): Advanced {
  if (session.ended) return [session, []];
  const { work } = session;
  switch (event.kind) {
    case 'start':
    case 'retry':
      return session.link === 'down'
        ? [{ ...session, link: 'connecting' }, [{ kind: 'connect' }]]
        : [session, []];
    case 'connected':
      return [{ ...session, link: 'joining' }, []];
    case 'restored': {
      if (work.kind !== 'idle') return [session, []];
      const { round, payload } = event;
      if (event.acknowledged) return [{ ...session, settled: round }, []];
      return [{ ...session, work: { kind: 'ready', round, payload } }, []];
    }
    case 'welcomed': {
      const joined: Session = { ...session, link: 'up', known: true, attempt: 0 };
      const current = work.kind === 'idle' || same(work.round, event);
      return current ? [joined, []] : drop(joined, 'closed');
    }
    case 'opened':
      return opened(session, event.round);
    case 'resume':
      if (work.kind !== 'offered' || work.payload !== event.payload) return [session, []];
      return [
        { ...session, work: { ...work, kind: 'uploading' } },
        [{ kind: 'upload', payload: work.payload, offset: event.offset }],
      ];
    case 'acknowledged':
      return accepted(session, event.payload, event.sequence);
    case 'refused':
      return refused(session, event);
    case 'committed':
      return committed(session, event);
    case 'abandoned':
      return abandoned(session, event.round);
    case 'goodbye':
      if (event.reason === GoodbyeReason.RUN_COMPLETE) return end(session, 'complete', null);
      return disconnected(session, stopping(), event.jitter);
    case 'disconnected':
      return disconnected(session, event.problem, event.jitter);
    case 'synced':
      if (work.kind !== 'syncing' || event.job !== session.job) return [session, []];
      return [
        { ...session, work: { ...work, kind: 'training' } },
        [{ kind: 'train', job: session.job, round: work.round }],
      ];
    case 'trained': {
      if (work.kind !== 'training' || event.job !== session.job) return [session, []];
      const ready: Work = { kind: 'ready', round: work.round, payload: event.payload };
      return offer({ ...session, work: ready });
    }
    case 'diverged':
      if (work.kind !== 'training' || event.job !== session.job) return [session, []];
      return drop(session, 'not-finite');
    case 'failed':
      return end(session, 'failed', event.problem);
    case 'pause':
      if (session.paused || session.finishing) return [session, []];
      return [{ ...session, paused: true }, [{ kind: 'hold' }, tell({ event: 'paused' })]];
    case 'resume-work':
      return session.paused ? resumed(session) : [session, []];
    case 'finish': {
      if (session.finishing) return [session, []];
      if (work.kind === 'idle' || work.kind === 'syncing') return end(session, 'finished', null);
      const [going, effects] = session.paused ? resumed(session) : [session, []];
      return [{ ...going, finishing: true }, [...effects, tell({ event: 'finishing' })]];
    }
    case 'leave':
      if (work.kind !== 'offered' && work.kind !== 'uploading') return end(session, 'interrupted', null);
      return [{ ...session, finishing: true, leaving: true }, []];
  }
}

function tell(event: ContributorEvent): Effect {
  return { kind: 'tell', event };
}

/** A round is open: go on with it where this node is in it, else give up what it was doing and start on it. */
function opened(session: Session, round: Round): Advanced {
  const open = { ...session, open: round };
  const { work } = session;
  if (work.kind !== 'idle' && same(work.round, round)) return offer({ ...open, work: { ...work, round } });
  const [clear, effects] = drop(open, 'closed');
  const [begun, started] = begin(clear);
  return [begun, [...effects, ...started]];
}

/** Start on the open round, unless this node is paused, leaving or done with it. */
function begin(session: Session): Advanced {
  const { open, settled } = session;
  if (session.ended || session.paused || session.work.kind !== 'idle' || open === null) return [session, []];
  if (settled !== null && same(settled, open) && settled.attempt === open.attempt) return [session, []];
  const job = session.job + 1;
  return [{ ...session, job, work: { kind: 'syncing', round: open } }, [{ kind: 'sync', job, round: open }]];
}

/** Offer a contribution that is ready, if the relay is there and its round is known to be open. */
function offer(session: Session): Advanced {
  const { work, open } = session;
  if (work.kind !== 'ready' || session.link !== 'up' || open === null) {
    return [session, []];
  }
  return [{ ...session, work: { ...work, kind: 'offered' } }, [{ kind: 'offer', payload: work.payload }]];
}

/** Give up the present work. Its delta is never sent; the residual stays as it was before the round. */
function drop(session: Session, reason: 'refused' | 'closed' | 'not-finite'): Advanced {
  const { work } = session;
  if (work.kind === 'idle') return [session, []];
  const dropped = { ...session, work: idle, settled: work.round, job: session.job + 1 };
  const effects: Effect[] =
    'payload' in work ? [{ kind: 'discard', payload: work.payload }] : [{ kind: 'stop' }];
  effects.push(tell({ event: 'dropped', round: work.round.round, reason }));
  return finishIfAsked(dropped, effects);
}

function accepted(session: Session, payload: string, sequence: number | null): Advanced {
  const { work } = session;
  if (!('payload' in work) || work.payload !== payload) return [session, []];
  const done = { ...session, work: idle, settled: work.round };
  return finishIfAsked(done, [{ kind: 'accept', payload, sequence }]);
}

function finishIfAsked(session: Session, effects: readonly Effect[]): Advanced {
  if (!session.finishing) return [session, effects];
  const [ended, ending] = end(session, session.leaving ? 'interrupted' : 'finished', null);
  return [ended, [...effects, ...ending]];
}

function refused(session: Session, event: SessionEvent & { kind: 'refused' }): Advanced {
  const { work } = session;
  const told = tell({ event: 'refused', round: event.round, code: refusalName(event.code) });
  const after = ([next, effects]: Advanced): Advanced => [next, [told, ...effects]];
  const sent = work.kind === 'offered' || work.kind === 'uploading';
  switch (answerTo(event.code, session.link === 'joining')) {
    case 'end':
      return after(end(session, 'failed', refusalError(event.code)));
    case 'reconnect':
      return after(disconnected(session, refusalError(event.code), event.jitter));
    case 'accepted':
      return after(sent ? accepted(session, work.payload, null) : [session, []]);
    case 'drop':
      return after(sent ? drop(session, 'refused') : [session, []]);
    case 'tell':
      return [session, [told]];
  }
}

/** A base was made: whatever this node still had for the old one comes too late. */
function committed(session: Session, event: SessionEvent & { kind: 'committed' }): Advanced {
  const { round, base, contributions, tokens } = event;
  const told = tell({ event: 'committed', round, base, contributions, tokens });
  const between = { ...session, open: null };
  if (session.work.kind === 'idle' || session.work.round.round > round) return [between, [told]];
  const [clear, effects] = drop(between, 'closed');
  return [clear, [told, ...effects]];
}

/**
 * A round ended without a base, and opens again under its number: work for it goes on, or a deadline that is too short
 * would let no node ever finish. One that was accepted counts no longer: the next attempt is not the one that its node
 * settled, so that it trains again, and just so where it was away and hears only of that attempt.
 */
function abandoned(session: Session, round: number): Advanced {
  const told = tell({ event: 'abandoned', round });
  const between = { ...session, open: null };
  const [clear, effects] = session.finishing ? drop(between, 'closed') : [unsent(between), []];
  return [clear, [told, ...effects]];
}

/** A contribution on its way is, over the next connection or in the next attempt at the round, to be offered again. */
function unsent(session: Session): Session {
  const { work } = session;
  const onItsWay = work.kind === 'offered' || work.kind === 'uploading';
  return onItsWay ? { ...session, work: { ...work, kind: 'ready' } } : session;
}

function stopping(): TapestryError {
  return new TapestryError(
    'relay.stopping',
    'The relay closed the connection.',
    'Nothing to do: this node keeps what it has and joins again.',
  );
}

/** The link is gone: back off, then connect again. Work that needs no relay goes on. */
function disconnected(session: Session, problem: TapestryError, jitter: number): Advanced {
  if (session.link === 'down') return [session, []];
  if (session.leaving) return end(session, 'interrupted', null);
  const attempt = session.attempt + 1;
  const hopeless = problem.code === 'relay.tls';
  if (!session.known && (hopeless || attempt >= backoff.attemptsAtUnknownRelay)) {
    return end(session, 'failed', problem);
  }
  const milliseconds = retryDelay(attempt, jitter);
  const { code, message, next } = problem;
  const told = tell({ event: 'retry', code, message, next, attempt, milliseconds });
  const wait: Effect = { kind: 'wait', milliseconds };
  const down: Session = { ...unsent(session), link: 'down', open: null, attempt };
  if (session.work.kind !== 'syncing') return [down, [{ kind: 'disconnect' }, told, wait]];
  const stopped = { ...down, work: idle, job: session.job + 1 };
  return [stopped, [{ kind: 'disconnect' }, { kind: 'stop' }, told, wait]];
}

function resumed(session: Session): Advanced {
  const [next, effects] = begin({ ...session, paused: false });
  return [next, [{ kind: 'release' }, tell({ event: 'resumed' }), ...effects]];
}

function end(
  session: Session,
  reason: (Effect & { kind: 'end' })['reason'],
  problem: Error | null,
): Advanced {
  return [{ ...session, ended: true }, [{ kind: 'stop' }, { kind: 'end', reason, problem }]];
}
