/** Delays between attempts, in milliseconds. Each is twice the one before, from the first to the last. */
export interface Backoff {
  readonly firstMilliseconds: number;
  readonly lastMilliseconds: number;
}

/**
 * The delay in milliseconds after `attempt` failed attempts (counted from 1). `jitter`, uniform over [0, 1), shortens the
 * delay by up to half, so that nodes that failed together do not retry together.
 */
export function retryDelay(
  { firstMilliseconds, lastMilliseconds }: Backoff,
  attempt: number,
  jitter: number,
): number {
  const full = Math.min(lastMilliseconds, firstMilliseconds * 2 ** (attempt - 1));
  return Math.round(full * (0.5 + jitter / 2));
}
