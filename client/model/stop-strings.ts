/**
 * Passes text on up to the first of some strings. Text that may still turn out to begin one is held back, so what was
 * passed on never needs to be taken back. However the text is cut into pieces, the same text is passed on in the end.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';
  #found = false;

  /** None of `stops` is empty. */
  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** Whether a stop string has come: the text ends before it. */
  get found(): boolean {
    return this.#found;
  }

  /** What is now certain to be before any stop string. */
  push(text: string): string {
    if (this.#found) return '';
    this.#held += text;
    const end = this.#firstStop();
    this.#found = end !== undefined;
    return this.#release(end ?? this.#held.length - this.#openLength());
  }

  /** What was held back, when no more text comes. */
  flush(): string {
    return this.#found ? '' : this.#release(this.#held.length);
  }

  #release(length: number): string {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return text;
  }

  /** Where the stop string begins that is complete first; the longest of those that end together. */
  #firstStop(): number | undefined {
    const found = this.#stops
      .map((stop) => ({ start: this.#held.indexOf(stop), length: stop.length }))
      .filter(({ start }) => start >= 0);
    found.sort((a, b) => a.start + a.length - (b.start + b.length) || a.start - b.start);
    return found[0]?.start;
  }

  /** The length of the longest end of the held text that begins a stop string. */
  #openLength(): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, this.#held.length); length > 0; length--) {
      const end = this.#held.slice(-length);
      if (this.#stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
