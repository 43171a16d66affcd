/** The relay's time, in milliseconds. */
export interface Clock {
  /** Wall time since 1970, which may step either way. For the journal and for people only: never used to measure a wait. */
  now(): number;
  /** Monotonic time from an arbitrary origin. Deadlines, silence, quotas and intervals are measured with it. */
  elapsed(): number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };
