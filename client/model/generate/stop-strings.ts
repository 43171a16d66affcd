/**
 * Emits text up to the first stop string. Text that may be the beginning of a stop string is held back, so that emitted text
 * is never part of one. The emitted text does not depend on how the input is split into pieces.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';
  #found = false;

  /** `stops` must not have an empty string. */
  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** True once a stop string was found; the text ends before it. */
  get found(): boolean {
    return this.#found;
  }

  /** Adds text; returns the text that is now certain to be before any stop string. */
  push(text: string): string {
    if (this.#found) return '';
    this.#held += text;
    const end = this.#firstStop();
    this.#found = end !== undefined;
    return this.#release(end ?? this.#held.length - this.#openLength());
  }

  /** Returns the text that was held back; call it at the end of the input. */
  flush(): string {
    return this.#found ? '' : this.#release(this.#held.length);
  }

  #release(length: number): string {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return text;
  }

  /** Start of the stop string that is complete first; if several end at the same place, of the longest. */
  #firstStop(): number | undefined {
    const found = this.#stops
      .map((stop) => ({ start: this.#held.indexOf(stop), length: stop.length }))
      .filter(({ start }) => start >= 0);
    found.sort((a, b) => a.start + a.length - (b.start + b.length) || a.start - b.start);
    return found[0]?.start;
  }

  /** Length of the longest suffix of the held text that is a prefix of a stop string. */
  #openLength(): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, this.#held.length); length > 0; length--) {
      const end = this.#held.slice(-length);
      if (this.#stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
