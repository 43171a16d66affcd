import type { SamplerState } from '../data/sampler.ts';
import type { TrainerState } from '../train/training.ts';

/** Everything that the remaining steps of a round depend on. */
export interface Snapshot {
  /** Steps of the round that are done. */
  readonly steps: number;
  readonly state: Required<TrainerState>;
  readonly sampler: SamplerState;
}

/** Reading the state back may take this share of a round's time. */
const share = 0.05;
/** Less than this much work is not worth a snapshot: it is done again sooner. */
const leastMilliseconds = 1000;

/**
 * Says when a round's state is worth being read back: a device that is lost takes no more work with it than one second's,
 * or than twenty readings take.
 */
export class SnapshotSchedule {
  readonly #now: () => number;
  #interval = leastMilliseconds;
  #since: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  get due(): boolean {
    return this.#now() - this.#since >= this.#interval;
  }

  /** Takes a snapshot by `read`, and learns what that costs. */
  async take<Taken>(read: () => Promise<Taken>): Promise<Taken> {
    const startedAt = this.#now();
    const taken = await read();
    this.#since = this.#now();
    this.#interval = Math.max(leastMilliseconds, (this.#since - startedAt) * (1 / share - 1));
    return taken;
  }
}
