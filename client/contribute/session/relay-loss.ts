import { codeName } from '../../../relay/wire/code-name.ts';
import type { TapestryError } from '../../errors.ts';
import { retryDelay } from '../../retry-delay.ts';
import { unhurried } from './following.ts';
import { answerTo, refusalError } from './refusals.ts';
import { dropAndGoOn, duplicate, roundsOver, spent, unheard } from './rounds.ts';
import { type Advanced, type Effect, end, idle, type Session, type SessionEvent, tell } from './state.ts';

/** Delays between connections. */
export const backoff = { firstMilliseconds: 500, lastMilliseconds: 60_000 } as const;

/**
 * Those of a relay below an upstream relay, whose own nodes wait: a delay that doubled on would outlast the time after which the run goes
 * on alone, though the upstream relay was back long before.
 */
export const relayBackoff = { firstMilliseconds: 500, lastMilliseconds: 4_000 } as const;

/**
 * The delay starts again from its first value after a connection that lasted so long since its Welcome. No message of the
 * relay shortens it: a hostile relay can send any message, and could make a node join and download without a pause.
 */
export const steadyMilliseconds = 30_000;

/** The node gives up a relay that has never welcomed it after this many attempts. It never gives up a known relay. */
export const attemptsAtUnknownRelay = 8;

/** The relay refused the join, the offer or the upload. */
export function refused(session: Session, event: SessionEvent & { kind: 'refused' }): Advanced {
  const { work } = session;
  const told = tell({ event: 'refused', round: event.round, code: codeName(event.code) });
  const after = ([next, effects]: Advanced): Advanced => [next, [told, ...effects]];
  const sent = work.kind === 'offered' || work.kind === 'uploading' || work.kind === 'asked';
  switch (answerTo(event.code, session.connection === 'joining')) {
    case 'end':
      return after(end(session, 'failed', refusalError(event.code)));
    case 'reconnect':
      return after(disconnected(session, refusalError(event.code), event.jitter));
    case 'accepted':
      return after(duplicate(session));
    case 'spent':
      return after(sent ? spent(session) : [session, []]);
    case 'drop':
      return after(sent ? dropAndGoOn(session, 'refused') : [session, []]);
    case 'retain':
      return after(sent ? retained(session) : [session, []]);
    case 'tell':
      return [session, [told]];
  }
}

/**
 * The round closed just before the contribution came. If it makes a base, the commit drops the work; if it had too few contributions, it opens
 * again with the same base, and takes the work then. Else a node that is a little slower than the deadline would train such a round for ever.
 */
function retained(session: Session): Advanced {
  const { work, finishing, staleness } = session;
  const isOnItsWay = work.kind === 'offered' || work.kind === 'uploading';
  if (!isOnItsWay || work.round.round <= roundsOver(session) || finishing || staleness > 0)
    return dropAndGoOn(session, 'refused');
  return [{ ...session, open: null, plan: null, work: { ...work, kind: 'ready', inDoubt: false } }, []];
}

/**
 * Handles a lost connection: backs off, then connects again. Work that needs no relay continues. A full relay never ends
 * the session.
 */
export function disconnected(session: Session, problem: TapestryError, jitter: number): Advanced {
  if (session.connection === 'down') return [session, []];
  if (session.leaving) return end(session, 'interrupted', null);
  const attempt = session.attempt + 1;
  const isFull = problem.code === 'relay.too-many';
  const isFinal = problem.code === 'relay.tls' || (attempt >= attemptsAtUnknownRelay && !isFull);
  if (!session.known && isFinal) return end(session, 'failed', problem);
  const isRelay = session.standing === null && session.known;
  const milliseconds = retryDelay(isRelay ? relayBackoff : backoff, attempt, jitter);
  const { code, message, next } = problem;
  const told = tell({ event: 'retry', code, message, next, attempt, milliseconds });
  const wait: Effect = { kind: 'wait', milliseconds };
  const down: Session = { ...unheard(unhurried(session)), connection: 'down', open: null, attempt };
  if (session.work.kind !== 'syncing') return [down, [{ kind: 'disconnect' }, told, wait]];
  const stopped = { ...down, work: idle, job: session.job + 1 };
  return [stopped, [{ kind: 'disconnect' }, { kind: 'stop' }, told, wait]];
}
