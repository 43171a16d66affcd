/** Lets callers pass while it is open, and holds them while it is closed. */
export class PauseGate {
  #open: Promise<void> | null = null;
  #release: () => void = () => undefined;

  close(): void {
    if (this.#open !== null) return;
    this.#open = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  open(): void {
    this.#release();
    this.#open = null;
  }

  /** Resolves once the gate is open, or the signal is aborted. True where it had to wait. */
  async passed(signal: AbortSignal): Promise<boolean> {
    if (this.#open === null || signal.aborted) return false;
    const aborted = Promise.withResolvers<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener('abort', abort, { once: true });
    while (this.#open !== null && !signal.aborted) await Promise.race([this.#open, aborted.promise]);
    signal.removeEventListener('abort', abort);
    return true;
  }
}
