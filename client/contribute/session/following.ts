/**
 * Whether a node is fast enough for its run. A node whose work comes too late for several rounds in a row only follows the run for
 * some rounds: it fetches each base and trains nothing. Then it takes part in one round, and follows for twice as many if that was
 * too fast as well.
 */
export interface Standing {
  /** Rounds in a row that closed while the node still worked on them, though nothing but its own speed delayed it. */
  readonly missed: number;
  /** Further rounds that it only follows; 0 for a node that takes part. */
  readonly follows: number;
  /** For how many it followed the last time; 0 after a contribution that the relay accepted. */
  readonly followed: number;
  /** True if the node was there when the open round opened, and works on it since. */
  readonly fromOpening: boolean;
}

/** So many missed rounds in a row make a node follow. */
export const mostMissed = 2;

/** A node follows for so many rounds at first, and for so many at most. */
export const leastFollowed = 2;
export const mostFollowed = 16;

export const fresh: Standing = { missed: 0, follows: 0, followed: 0, fromOpening: false };

interface Standed {
  readonly standing: Standing | null;
}

/** True if the node takes no part in the open round. */
export function follows({ standing }: Standed): boolean {
  return standing !== null && standing.follows > 0;
}

/** The standing after a round closed without a contribution of this node; `worked` if it still worked on it. */
export function afterRound(standing: Standing, worked: boolean): Standing {
  if (standing.follows > 1) return { ...standing, follows: standing.follows - 1 };
  // One round is enough to see that the node is still too slow.
  if (standing.follows === 1) return { ...standing, follows: 0, missed: mostMissed - 1 };
  if (!worked || !standing.fromOpening) return standing;
  const missed = standing.missed + 1;
  if (missed < mostMissed) return { ...standing, missed };
  const rounds = Math.min(mostFollowed, Math.max(leastFollowed, 2 * standing.followed));
  return { missed, follows: rounds, followed: rounds, fromOpening: false };
}

/** A session that something else than its own speed delays: the open round no longer counts as missed. */
export function unhurried<S extends Standed>(session: S): S {
  const { standing } = session;
  return standing === null ? session : { ...session, standing: { ...standing, fromOpening: false } };
}
