import type { CharacterKind } from './characters.ts';

/** Single letters in a row that make a passage one of letters written apart. */
const fewestLetters = 3;

interface Proposal {
  readonly rule: number;
  readonly start: number;
  readonly end: number;
}

/** Tells which matches are of letters written apart, as in "w o r d", from the words that a text is made of. */
export class SpacedWords {
  /** True until the first letter. */
  isEmpty = true;
  #letters = 0;
  #wordStart = 0;
  /** Where the single letters in a row begin, at most as many as are needed. */
  #singles: number[] = [];
  #lastApart = -1;
  #proposals: Proposal[] = [];

  /** The earliest beginning of a match that awaits the end of its last word. */
  get earliest(): number | null {
    return this.#proposals.length === 0 ? null : Math.min(...this.#proposals.map(({ start }) => start));
  }

  /** Takes a letter, a digit or a symbol. Returns true if it begins a word. */
  take(kind: CharacterKind, at: number): boolean {
    this.isEmpty = false;
    // The word goes on, so that no match ended with it.
    this.#proposals = [];
    if (kind === 'mark' && this.#letters > 0) return false;
    this.#letters++;
    if (this.#letters > 1) return false;
    this.#wordStart = at;
    return true;
  }

  /** A match ends with the letter that was taken last. */
  propose(rule: number, start: number, end: number): void {
    this.#proposals.push({ rule, start, end });
  }

  /** The word has ended. Returns the matches that end with it and are of letters written apart. */
  endWord(): readonly Proposal[] {
    if (this.#letters === 0) return [];
    this.#singles = this.#letters === 1 ? [...this.#singles.slice(1 - fewestLetters), this.#wordStart] : [];
    this.#letters = 0;
    if (this.#singles.length === fewestLetters) this.#lastApart = this.#singles[0] ?? -1;
    const ended = this.#proposals.filter(({ start }) => this.#lastApart >= start);
    this.#proposals = [];
    return ended;
  }
}
