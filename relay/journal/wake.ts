/** Tells waiting readers that there is something new. */
export class Wake {
  readonly #waiting = new Set<() => void>();
  #times = 0;

  /** How often `all` was called. A reader passes the count that it saw to `after`, and so misses no call. */
  get times(): number {
    return this.#times;
  }

  all(): void {
    this.#times++;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves once `all` was called more often than `seen`, or when `signal` aborts. */
  async after(seen: number, signal: AbortSignal): Promise<void> {
    if (this.#times > seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
