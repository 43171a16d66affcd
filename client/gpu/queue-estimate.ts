/**
 * Estimates how long a queue will remain busy. While a promise of the queue is awaited, Dawn in Node polls without pause and
 * takes a core away from a software adapter, so `Readback` sleeps through most of the wait.
 */
export class QueueEstimate {
  readonly #now: () => number;
  #dispatches = 0;
  #since = 0;
  /** Milliseconds per dispatch: the least seen recently, so that the sleep ends before the work does. 0 while unknown. */
  #cost = 0;
  /** The first use of a pipeline includes its compilation, which on some drivers takes a hundred times as long as the work. */
  #warm = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Records that `dispatches` more were submitted. */
  submitted(dispatches: number): void {
    if (this.#dispatches === 0) this.#since = this.#now();
    this.#dispatches += dispatches;
  }

  /** Milliseconds for which the queue is certainly busy. */
  remaining(): number {
    return Math.max(0, 0.8 * this.#cost * this.#dispatches - (this.#now() - this.#since));
  }

  /** Records that all submitted work is done. */
  drained(): void {
    if (this.#dispatches === 0) return;
    const cost = (this.#now() - this.#since) / this.#dispatches;
    if (this.#warm) this.#cost = this.#cost === 0 ? cost : Math.min(cost, 1.1 * this.#cost);
    this.#warm = true;
    this.#dispatches = 0;
  }

  /** Ignores the work submitted since the queue was last drained, because the caller has waited for something else meanwhile. */
  forget(): void {
    this.#dispatches = 0;
  }
}
