/** Delays between connections: they double from the first to the last. */
export const backoff = {
  firstMilliseconds: 500,
  lastMilliseconds: 60_000,
  /** A relay that never welcomed this node is given up after so many attempts; a known one never. */
  attemptsAtUnknownRelay: 8,
} as const;

/** The delay after so many failed attempts (from 1); `jitter`, uniform over [0, 1), spreads half of it. */
export function retryDelay(attempt: number, jitter: number): number {
  const full = Math.min(backoff.lastMilliseconds, backoff.firstMilliseconds * 2 ** (attempt - 1));
  return Math.round(full * (0.5 + jitter / 2));
}
