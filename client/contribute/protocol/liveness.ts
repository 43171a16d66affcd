/** A relay is silent if it leaves this many heartbeats in a row unanswered and sends nothing for this long. */
export const silence = { heartbeats: 2, milliseconds: 5_000 } as const;

/**
 * Decides from the heartbeats of one connection whether it is half open. The relay answers each heartbeat, and any other sign
 * of the connection counts as an answer too. Times are in milliseconds on the node's clock, which this class does not read.
 */
export class Liveness {
  #unanswered = 0;
  #signs: number;
  #heardAt: number;

  /** `signs` counts the signs of the connection so far; see `Connection.signs`. */
  constructor(signs: number, now: number) {
    this.#signs = signs;
    this.#heardAt = now;
  }

  /** Called when a heartbeat is due. Null if the connection works and the heartbeat is to be sent; else how long it was silent. */
  beat(signs: number, now: number): number | null {
    if (signs !== this.#signs) {
      this.#unanswered = 0;
      this.#heardAt = now;
    }
    this.#signs = signs;
    const quiet = now - this.#heardAt;
    if (this.#unanswered >= silence.heartbeats && quiet >= silence.milliseconds) return quiet;
    this.#unanswered++;
    return null;
  }
}
