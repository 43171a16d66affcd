/**
 * Shares the event loop. Work that clients cause is cut into slices of a few milliseconds at most, and each slice waits for
 * its turn. At most `each` slices run in one cycle of the loop, and the keys, such as addresses, take turns: many slices of
 * one client delay the others by one slice each at most. Sockets are read and timers run between two cycles.
 */
export class Turns {
  readonly #each: number;
  readonly #later: (next: () => void) => void;
  readonly #waiting = new Map<string, (() => void)[]>();
  #used = 0;
  #isScheduled = false;

  /** `later` calls its argument in the next cycle of the event loop. */
  constructor(each: number, later: (next: () => void) => void = (next) => void setImmediate(next)) {
    this.#each = each;
    this.#later = later;
  }

  /** Resolves when the key's next slice may run; null if it may run at once. */
  take(key: string): Promise<void> | null {
    this.#schedule();
    if (this.#waiting.size === 0 && this.#used < this.#each) {
      this.#used++;
      return null;
    }
    return new Promise((resolve) => {
      const own = this.#waiting.get(key) ?? [];
      own.push(resolve);
      this.#waiting.set(key, own);
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#later(() => this.#cycle());
  }

  #cycle(): void {
    this.#isScheduled = false;
    this.#used = 0;
    for (const [key, own] of this.#waiting) {
      if (this.#used >= this.#each) break;
      this.#used++;
      // The key's next slice waits behind those of all other keys.
      this.#waiting.delete(key);
      const resolve = own.shift();
      if (own.length > 0) this.#waiting.set(key, own);
      resolve?.();
    }
    if (this.#waiting.size > 0) this.#schedule();
  }
}
