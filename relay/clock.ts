/** The relay's time, in milliseconds. */
export interface Clock {
  /** Since 1970: what the journal and the rounds' deadlines go by. */
  now(): number;
  /** Since some moment, and never back: what silence, quotas and intervals go by. */
  elapsed(): number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };
