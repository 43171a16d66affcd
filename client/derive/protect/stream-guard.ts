import type { ProtectedDomains } from './domains.ts';
import { type ProtectedMatch, ProtectedScanner } from './scanner.ts';

/** Text that may be shown. `stop` is true if nothing after it may be. */
export interface GuardedText {
  readonly text: string;
  readonly stop: boolean;
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
  /** The place of the first held unit, and the units of the text before the stream, which are not given out. */
  #from = 0;
  readonly #before: number;
  #surrogate = '';
  #match: ProtectedMatch | null = null;

  /** `before` is a text that the stream goes on from, such as a prompt: a passage may begin in it. */
  constructor(
    domains: ProtectedDomains,
    before = '',
    { held }: StreamGuardOptions = defaultStreamGuardOptions,
  ) {
    this.#scanner = new ProtectedScanner(domains);
    this.#most = held;
    this.#before = before.length;
    this.push(before);
  }

  /** The passage that ended the stream, in units of the text from its very beginning; null if none did. */
  get match(): ProtectedMatch | null {
    return this.#match;
  }

  /** Takes the next piece. Returns what may be shown now. */
  push(piece: string): GuardedText {
    if (this.#match !== null) return { text: '', stop: true };
    const text = this.#surrogate + piece;
    // The second half of a character may come with the next piece.
    const whole = /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
    this.#surrogate = text.slice(whole.length);
    this.#held += whole;
    const found = this.#scanner.push(whole);
    if (found.length > 0) return this.#stop(found);
    const end = this.#from + this.#held.length;
    return { text: this.#release(Math.max(this.#scanner.earliest ?? end, end - this.#most)), stop: false };
  }

  /** The stream has ended. Returns the rest that may be shown. */
  end(): GuardedText {
    if (this.#match !== null) return { text: '', stop: true };
    this.#held += this.#surrogate;
    const found = [...this.#scanner.push(this.#surrogate), ...this.#scanner.end()];
    this.#surrogate = '';
    if (found.length > 0) return this.#stop(found);
    return { text: this.#release(this.#from + this.#held.length), stop: false };
  }

  #stop(found: readonly ProtectedMatch[]): GuardedText {
    const match = found.reduce((first, each) => (each.start < first.start ? each : first));
    this.#match = match;
    return { text: this.#release(match.start), stop: true };
  }

  #release(to: number): string {
    const text = this.#held.slice(0, Math.max(0, to - this.#from));
    this.#held = this.#held.slice(text.length);
    const shown = text.slice(Math.max(0, this.#before - this.#from));
    this.#from += text.length;
    return shown;
  }
}

/** A stream of text without protected passages: it ends before the first. Returns the match that ended it, or null. */
export async function* guardStream(
  pieces: AsyncIterable<string> | Iterable<string>,
  domains: ProtectedDomains,
  options?: StreamGuardOptions,
): AsyncGenerator<string, ProtectedMatch | null> {
  const guard = new StreamGuard(domains, '', options);
  for await (const piece of pieces) {
    const { text, stop } = guard.push(piece);
    if (text !== '') yield text;
    if (stop) return guard.match;
  }
  const { text } = guard.end();
  if (text !== '') yield text;
  return guard.match;
}

/** Plain text, letters written apart, look-alikes and another script: what the readings of a scanner tell apart. */
const rehearsed = [
  'The quick brown fox jumps over the lazy dog. "How vexingly quick," said 12,345 of 67,890 zebras; WHY NOT? ',
  'l-e-t-t-e-r-s a n d w 0 r d s, d1sgu!sed: p@y $5 (or 3%) & g0 * t0 / th3 b4nk = now + #2\n',
  'Voix ambiguë d’un cœur; Würfel, año — Съешь ещё этих булок, Ξεσκεπάζω. ',
].join('');
/** How often it is read: as many characters as some 80 replies have, in the first of which the engine still compiles. */
const rehearsals = 300;

/**
 * Guards some text, so that no reply waits for the engine to compile the guard, nor for the tables of characters. Call it once
 * where domains are made for replies: the first reply of a process otherwise takes ten times as long as later ones.
 */
export function warmGuard(domains: ProtectedDomains): void {
  // The beginning of an example alone matches nothing.
  const examples = domains.rules.flatMap((rule) =>
    rule.examples.map((text) => text.slice(0, text.length / 2)),
  );
  for (const text of [...Array.from({ length: rehearsals }, () => rehearsed), ...examples]) {
    const guard = new StreamGuard(domains);
    for (let at = 0; at < text.length; at += 4) guard.push(text.slice(at, at + 4));
    guard.end();
  }
}
