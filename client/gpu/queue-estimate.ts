/**
 * Estimates how long a queue will still be busy. While a promise of its is awaited, Dawn in Node polls without pause and
 * takes a core away from an adapter that is this machine's processor, so `Readback` sleeps through most of the wait.
 */
export class QueueEstimate {
  readonly #now: () => number;
  #dispatches = 0;
  #since = 0;
  /** Milliseconds a dispatch; the least seen lately, so that the sleep ends before the work does. 0 while unknown. */
  #cost = 0;
  /** The first work of a pipeline includes its compilation, on some drivers a hundred times the work itself. */
  #warm = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `dispatches` more have been submitted. */
  submitted(dispatches: number): void {
    if (this.#dispatches === 0) this.#since = this.#now();
    this.#dispatches += dispatches;
  }

  /** Milliseconds for which the queue is surely busy. */
  remaining(): number {
    return Math.max(0, 0.8 * this.#cost * this.#dispatches - (this.#now() - this.#since));
  }

  /** All that was submitted is done. */
  drained(): void {
    if (this.#dispatches === 0) return;
    const cost = (this.#now() - this.#since) / this.#dispatches;
    if (this.#warm) this.#cost = this.#cost === 0 ? cost : Math.min(cost, 1.1 * this.#cost);
    this.#warm = true;
    this.#dispatches = 0;
  }

  /** What was submitted since the queue was last drained does not count: something else was waited for meanwhile. */
  forget(): void {
    this.#dispatches = 0;
  }
}
