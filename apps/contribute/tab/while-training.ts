/**
 * Calls `store` when the tab may be closed: it is hidden, as on a phone before it is thrown away, or the browser asks the person, who
 * answers while the worker stores.
 */
export function storeBeforeLeaving(store: () => void): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') store();
  });
  addEventListener('beforeunload', store);
  addEventListener('pagehide', store);
}

/** Asks before the tab is closed, reloaded or left, from the first call with `true` to the next with `false`. */
export function askBeforeLeaving(wanted: boolean): void {
  if (wanted) addEventListener('beforeunload', stay);
  else removeEventListener('beforeunload', stay);
}

const stay = (event: BeforeUnloadEvent) => event.preventDefault();

/**
 * Holds the screen awake while it is wanted and the tab is visible. The browser releases the lock of a hidden tab, so it is
 * requested again when the tab is shown. A browser without wake locks, or one that refuses, lets the screen sleep.
 */
export class ScreenWakeLock {
  #wanted = false;
  #held: WakeLockSentinel | null = null;
  #isAsking = false;

  constructor() {
    document.addEventListener('visibilitychange', () => void this.#update());
  }

  want(wanted: boolean): void {
    this.#wanted = wanted;
    void this.#update();
  }

  async #update(): Promise<void> {
    if (!this.#wanted) {
      const held = this.#held;
      this.#held = null;
      await held?.release();
      return;
    }
    if (this.#isAsking || document.visibilityState !== 'visible' || this.#held?.released === false) return;
    if (!('wakeLock' in navigator)) return;
    this.#isAsking = true;
    try {
      this.#held = await navigator.wakeLock.request('screen');
    } catch {
      // A low battery or a policy refuses; training and evaluating need no screen.
    }
    this.#isAsking = false;
    // The wish may have ended while the browser answered. A refusal is not asked again until the tab is shown again.
    if (!this.#wanted) await this.#update();
  }
}
