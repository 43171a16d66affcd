import type { Place } from '../checkpoint.ts';
import type { TrainingProgress } from './training-progress.ts';

/** The part of a task that is done. */
export interface DoneSteps {
  readonly steps: number;
  /** Each time that the loss of these steps was read, in order. */
  readonly readings: readonly TrainingProgress[];
}

/** A place within a task. */
export interface Snapshot extends Place, DoneSteps {}

/** The share of the time that snapshots may take. */
const share = 0.05;
/** The least time between snapshots: repeating less work costs less than a snapshot. */
const minMilliseconds = 1000;

/**
 * Decides when a snapshot is due: a lost device costs at most one second of work, or the time of twenty snapshots.
 */
export class SnapshotSchedule {
  readonly #now: () => number;
  #interval = minMilliseconds;
  #since: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  get due(): boolean {
    return this.#now() - this.#since >= this.#interval;
  }

  /** Takes a snapshot by `read`, and measures its duration. */
  async take(read: () => Promise<void>): Promise<void> {
    const startedAt = this.#now();
    await read();
    this.#since = this.#now();
    this.#interval = Math.max(minMilliseconds, (this.#since - startedAt) * (1 / share - 1));
  }
}
