import type { ProtectedDomains } from './domains.ts';
import { type ProtectedMatch, ProtectedScanner } from './scanner.ts';

/** Text that may be shown, and the match that ended the stream, if one did. */
export interface GuardedText {
  readonly text: string;
  readonly match: ProtectedMatch | null;
}

export interface StreamGuardOptions {
  /** UTF-16 units that are held back at most. Of a match that is longer, the beginning is shown. */
  readonly held: number;
}

export const defaultStreamGuardOptions: StreamGuardOptions = { held: 4000 };

/**
 * Holds back of a stream of text only what may still become a protected passage. Once a passage matched, nothing of it and
 * nothing after it is given out.
 */
export class StreamGuard {
  readonly #scanner: ProtectedScanner;
  readonly #most: number;
  #held = '';
  /** The place of the first held unit. */
  #from = 0;
  #surrogate = '';
  #match: ProtectedMatch | null = null;

  constructor(domains: ProtectedDomains, { held }: StreamGuardOptions = defaultStreamGuardOptions) {
    this.#scanner = new ProtectedScanner(domains);
    this.#most = held;
  }

  /** Takes the next piece. Returns what may be shown now. */
  push(piece: string): GuardedText {
    if (this.#match !== null) return { text: '', match: this.#match };
    const text = this.#surrogate + piece;
    // The second half of a character may come with the next piece.
    const whole = /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
    this.#surrogate = text.slice(whole.length);
    this.#held += whole;
    const found = this.#scanner.push(whole);
    if (found.length > 0) return this.#stop(found);
    const end = this.#from + this.#held.length;
    return { text: this.#release(Math.max(this.#scanner.earliest ?? end, end - this.#most)), match: null };
  }

  /** The stream has ended. Returns the rest that may be shown. */
  end(): GuardedText {
    if (this.#match !== null) return { text: '', match: this.#match };
    this.#held += this.#surrogate;
    const found = [...this.#scanner.push(this.#surrogate), ...this.#scanner.end()];
    this.#surrogate = '';
    if (found.length > 0) return this.#stop(found);
    return { text: this.#release(this.#from + this.#held.length), match: null };
  }

  #stop(found: readonly ProtectedMatch[]): GuardedText {
    const match = found.reduce((first, each) => (each.start < first.start ? each : first));
    this.#match = match;
    return { text: this.#release(match.start), match };
  }

  #release(to: number): string {
    const text = this.#held.slice(0, Math.max(0, to - this.#from));
    this.#held = this.#held.slice(text.length);
    this.#from += text.length;
    return text;
  }
}

/** A stream of text without protected passages: it ends before the first. Returns the match that ended it, or null. */
export async function* guardStream(
  pieces: AsyncIterable<string> | Iterable<string>,
  domains: ProtectedDomains,
  options?: StreamGuardOptions,
): AsyncGenerator<string, ProtectedMatch | null> {
  const guard = new StreamGuard(domains, options);
  for await (const piece of pieces) {
    const { text, match } = guard.push(piece);
    if (text !== '') yield text;
    if (match !== null) return match;
  }
  const { text, match } = guard.end();
  if (text !== '') yield text;
  return match;
}
