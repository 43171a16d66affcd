import { GoodbyeReason } from '../../../relay/wire/tapestry_pb.js';
import { unhurried } from './following.ts';
import { granted } from './part-turns.ts';
import { disconnected, refused } from './relay-loss.ts';
import { stopping } from './relay-problems.ts';
import {
  abandoned,
  accepted,
  acceptedWork,
  ask,
  close,
  committed,
  dropAndGoOn,
  faster,
  goesOn,
  offer,
  opened,
  planned,
  resumed,
  synced,
} from './rounds.ts';
import { type Advanced, end, type Session, type SessionEvent, tell, type Work } from './state.ts';

/**
 * The next session, and the effects to run in order. This is a pure state machine without clock, socket or randomness,
 * so that tests can replay any fault. An ended session does not change.
 *
 * The connection to the relay and the work of a round are separate: training continues while the connection is being
 * restored, and its contribution is offered once the relay says that the round is still open.
 */
export function advance(session: Session, event: SessionEvent): Advanced {
  if (session.ended) return [session, []];
  const { work } = session;
  switch (event.kind) {
    case 'start':
    case 'retry':
      return session.connection === 'down'
        ? [{ ...session, connection: 'connecting' }, [{ kind: 'connect' }]]
        : [session, []];
    case 'connected':
      return [{ ...session, connection: 'joining' }, []];
    case 'restored': {
      if (work.kind !== 'idle') return [session, []];
      const { round, payload, counts } = event;
      if (event.acknowledged)
        return [
          { ...session, settled: round, work: { ...acceptedWork(round, payload, counts), inDoubt: true } },
          [],
        ];
      return [{ ...session, work: { kind: 'ready', round, payload, again: false, inDoubt: true } }, []];
    }
    case 'granted':
      return granted(session, event);
    case 'welcomed': {
      const { staleness = 0 } = event;
      const joined: Session = { ...session, connection: 'up', known: true, staleness };
      if (work.kind === 'asked') return ask(joined);
      return work.kind === 'idle' || goesOn(joined, event) ? [joined, []] : close(joined);
    }
    case 'steady':
      return [session.connection === 'up' ? { ...session, attempt: 0 } : session, []];
    case 'opened':
      return opened(session, event.round);
    case 'planned':
      return planned(session, event);
    case 'resume':
      if ((work.kind !== 'offered' && work.kind !== 'asked') || work.payload !== event.payload)
        return [session, []];
      return [
        { ...session, work: { inDoubt: true, ...work, kind: 'uploading' } },
        [{ kind: 'upload', payload: work.payload, offset: event.offset }],
      ];
    case 'acknowledged':
      return accepted(session, event.payload, event.sequence, event.counts);
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
      return event.job === session.job ? synced(session) : [session, []];
    case 'trained': {
      if (work.kind !== 'training' || event.job !== session.job) return [session, []];
      const ready: Work = {
        kind: 'ready',
        round: work.round,
        payload: event.payload,
        again: false,
        inDoubt: false,
      };
      return offer({ ...session, work: ready });
    }
    case 'diverged':
      if (work.kind !== 'training' || event.job !== session.job) return [session, []];
      return dropAndGoOn(session, 'not-finite');
    case 'failed':
      return end(session, 'failed', event.problem);
    case 'faster':
      return faster(session);
    case 'pause':
      if (session.paused || session.finishing) return [session, []];
      return [{ ...unhurried(session), paused: true }, [{ kind: 'hold' }, tell({ event: 'paused' })]];
    case 'resume-work':
      return session.paused ? resumed(session) : [session, []];
    case 'finish': {
      if (session.finishing) return [session, []];
      if (work.kind !== 'training' && !isUnanswered(work)) return end(session, 'finished', null);
      const [going, effects] = session.paused ? resumed(session) : [session, []];
      return [{ ...going, finishing: true }, [...effects, tell({ event: 'finishing' })]];
    }
    case 'leave':
      if (work.kind !== 'offered' && work.kind !== 'uploading') return end(session, 'interrupted', null);
      return [{ ...session, finishing: true, leaving: true }, []];
  }
}

/** True if the work is a contribution that the relay has neither accepted nor refused. */
function isUnanswered({ kind }: Work): boolean {
  return kind === 'ready' || kind === 'offered' || kind === 'uploading' || kind === 'asked';
}
