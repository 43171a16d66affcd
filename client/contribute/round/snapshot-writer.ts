import { TapestryError } from '../../errors.ts';
import type { Runtime } from '../../runtime.ts';
import type { ContributorEvent } from '../events.ts';
import type { NodeSnapshot } from './node-snapshot.ts';

/** A process that ends without a warning loses at most the work of so many milliseconds. */
const mostLost = 10_000;

/** Where a run's snapshot is stored. */
export interface SnapshotFile {
  /** Resolves to the number of bytes once they are durable. */
  save(snapshot: NodeSnapshot): Promise<number>;
  remove(): Promise<void>;
}

/**
 * Stores snapshots while training goes on, no more often than `mostLost` needs: a snapshot has four numbers for each parameter, and disks
 * wear out. Writes and removals follow each other in the order of the calls.
 */
export class SnapshotWriter {
  readonly #clock: Pick<Runtime, 'now'>;
  readonly #file: SnapshotFile;
  readonly #tell: (event: ContributorEvent) => void;
  #last: Promise<void> = Promise.resolve();
  /** Snapshots that are not durable yet. */
  #pending = 0;
  /** The moment that the newest durable or pending snapshot is of; that of the last offer; and the time of a write. */
  #storedAt = 0;
  #offeredAt = 0;
  #writeMilliseconds = 0;

  constructor(clock: Pick<Runtime, 'now'>, file: SnapshotFile, tell: (event: ContributorEvent) => void) {
    this.#clock = clock;
    this.#file = file;
    this.#tell = tell;
  }

  /** A round begins, of which nothing can be lost yet. */
  begin(): void {
    this.#storedAt = this.#clock.now();
    this.#offeredAt = this.#storedAt;
  }

  /** Stores the snapshot if it is asked for, or if the time until the next one is durable would cost more work than allowed. */
  offer(snapshot: NodeSnapshot, isAsked: boolean): void {
    const now = this.#clock.now();
    const next = now + (now - this.#offeredAt) + this.#writeMilliseconds;
    this.#offeredAt = now;
    // One that was asked for waits for the write before. Others do not, so that at most two are in memory.
    if (isAsked ? this.#pending < 2 : this.#pending === 0 && next - this.#storedAt >= mostLost) {
      this.#storedAt = now;
      this.#pending++;
      this.#after(() => this.#store(snapshot));
    }
  }

  /** Removes the stored snapshot: what it holds is in the node's saved state, or is given up. */
  clear(): void {
    // One that stays does no harm: with a new contribution saved it is void, and a round that diverged would only diverge again.
    this.#after(() => this.#file.remove().catch(unlessStorage));
  }

  /** Resolves when all writes and removals so far are durable. */
  settled(): Promise<void> {
    return this.#last;
  }

  #after(work: () => Promise<void>): void {
    this.#last = this.#last.then(work);
    // Its rejection is thrown by `settled`.
    this.#last.catch(() => undefined);
  }

  async #store(snapshot: NodeSnapshot): Promise<void> {
    const { round, unfinished } = snapshot;
    const startedAt = this.#clock.now();
    try {
      const bytes = await this.#file.save(snapshot);
      this.#writeMilliseconds = this.#clock.now() - startedAt;
      const milliseconds = Math.round(this.#writeMilliseconds);
      if (unfinished !== null)
        this.#tell({ event: 'snapshot', round, step: unfinished.done.steps, bytes, milliseconds });
    } catch (error) {
      unlessStorage(error);
      this.#storedAt = Number.NEGATIVE_INFINITY;
      this.#tell({ event: 'snapshot-failed', round, reason: error.code });
    } finally {
      this.#pending--;
    }
  }
}

/** A full disk costs only what the snapshot would have saved: the round itself goes on. Throws any other error. */
function unlessStorage(error: unknown): asserts error is TapestryError {
  if (!(error instanceof TapestryError && error.code.startsWith('disk.'))) throw error;
}
