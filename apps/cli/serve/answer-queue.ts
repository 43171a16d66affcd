import { ProtocolError } from './protocol-error.ts';

/** One answer at a time: requests wait in the order of their arrival, and only so many may wait. */
export class AnswerQueue {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  /** `most` requests may wait. */
  constructor(most: number) {
    this.#most = most;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves when it is the request's turn, to a function that ends the turn. Rejects with ProtocolError 429 if too many wait, and
   * with the signal's reason if that is aborted before.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#busy) await this.#wait(signal);
    this.#busy = true;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy = false;
      else next();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#most)
      throw new ProtocolError(429, 'queue_full', `${this.#most} requests wait already. Try again later.`);
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(turn);
    });
  }
}
