import { advance } from '../../../../client/contribute/session/session.ts';
import {
  type Effect,
  newSession,
  type Round,
  type Session,
  type SessionEvent,
} from '../../../../client/contribute/session/state.ts';
import { TapestryError } from '../../../../client/errors.ts';

export const roundOf = (round: number, attempt = 1): Round => ({
  ...{ round, base: `base ${round - 1}`, attempt, localSteps: 5, normBound: 1 },
});
export const round1 = roundOf(1);
export const again1 = roundOf(1, 2);
export const round2 = roundOf(2);
export const unreachable = new TapestryError('relay.unreachable', 'No relay answers.', 'Start it.');

/** Runs events one after the other; gives the last session and the effects of the last event. */
export function given(...events: SessionEvent[]): { session: Session; effects: readonly Effect[] } {
  let session = newSession;
  let effects: readonly Effect[] = [];
  for (const event of events) [session, effects] = advance(session, event);
  return { session, effects };
}

export const joined: SessionEvent[] = [
  { kind: 'start' },
  { kind: 'connected' },
  { kind: 'welcomed', round: 1, base: 'base 0' },
];
export const training: SessionEvent[] = [
  ...joined,
  { kind: 'opened', round: round1 },
  { kind: 'synced', job: 1 },
];
export const offered: SessionEvent[] = [...training, { kind: 'trained', job: 1, payload: 'p' }];
export const uploading: SessionEvent[] = [...offered, { kind: 'resume', payload: 'p', offset: 70 }];
export const kinds = (effects: readonly Effect[]) =>
  effects.map((effect) => (effect.kind === 'tell' ? effect.event.event : effect.kind));
