/** npm and the terminal may each deliver one Ctrl-C; two this close together are one. */
const sameMilliseconds = 1000;

/**
 * Ctrl-C in a chat. The first stops the answer that is being written, or warns where there is none; another one before the next
 * message leaves.
 */
export class StopOrLeave {
  readonly #now: () => number;
  #answer: AbortController | null = null;
  #heardAt: number | null = null;

  /** `now` is in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A message was given: the signal stops its answer. */
  begin(): AbortSignal {
    this.#heardAt = null;
    this.#answer = new AbortController();
    return this.#answer.signal;
  }

  /** The answer has ended. */
  end(): void {
    this.#answer = null;
  }

  /** One Ctrl-C. `repeats` is true if one press may be delivered twice. */
  heard(repeats: boolean): 'stopped' | 'warned' | 'leave' | 'ignored' {
    const before = this.#heardAt;
    const now = this.#now();
    if (before !== null && repeats && now - before <= sameMilliseconds) return 'ignored';
    if (before !== null) return 'leave';
    this.#heardAt = now;
    if (this.#answer === null) return 'warned';
    this.#answer.abort();
    return 'stopped';
  }
}
