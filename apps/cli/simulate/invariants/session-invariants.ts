import type { CountedIn, Session } from '../../../../client/contribute/session/state.ts';
import { broken } from './invariant.ts';

/** A node's edge as the invariants see it. */
export interface NodeView {
  readonly session: Session;
  /** The number of its running job; null without one. */
  readonly job: number | null;
  /** A socket that is open, or opening. */
  readonly hasSocket: boolean;
  /** A time after which it connects again. */
  readonly waits: boolean;
  /** The connection over which the current work was offered; null before. */
  readonly offeredOver: number | null;
  readonly connection: number;
}

function isBefore(one: CountedIn, other: CountedIn): boolean {
  return one.round < other.round || (one.round === other.round && one.attempt < other.attempt);
}

/** A session never waits for something that nobody does. Throws InvariantError. */
export function checkSession({ session, ...edge }: NodeView): void {
  const { work, connection, open, settled } = session;
  if (session.ended) return;
  const idles = (message: string) => broken('node-idles', message);
  if (connection === 'down' && !edge.waits) idles('a node is offline and does not try again');
  if (connection === 'connecting' && !edge.hasSocket)
    idles('a node waits for a connection that nobody opens');
  if ((work.kind === 'syncing' || work.kind === 'training') && edge.job !== session.job)
    idles(`a node waits for a job of ${work.kind} that does not run`);
  if (connection === 'up' && work.kind === 'asked' && edge.offeredOver !== edge.connection)
    idles('a node waits to hear whether its work counts, and does not ask');
  if (connection !== 'up' || open === null) return;
  const isSettled =
    settled?.round === open.round && settled.base === open.base && settled.attempt === open.attempt;
  if (work.kind === 'idle' && !session.paused && !isSettled)
    idles('a node has no work while a round is open');
  if (work.kind === 'ready') idles('a node does not offer what is ready');
  // With arrivals the receipt says where the work counts, which may be a round that the node has not heard of yet.
  const counts = work.kind === 'accepted' ? work.counts : undefined;
  const isHeld = counts === undefined ? isSettled : !isBefore(counts, open);
  if (work.kind === 'accepted' && !isHeld)
    idles('a node does not offer again what an abandoned attempt had accepted');
  if ((work.kind === 'offered' || work.kind === 'uploading') && edge.offeredOver !== edge.connection)
    idles('a node waits for an answer on a connection that is gone');
}
