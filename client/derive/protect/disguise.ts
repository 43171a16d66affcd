import type { CharacterKind, FoldedCharacter } from './characters.ts';

/** Kinds of characters that honest words do not mix; digits and symbols are one kind. */
const wordKinds: Readonly<Partial<Record<CharacterKind, number>>> = {
  latin: 0,
  cyrillic: 1,
  greek: 2,
  letter: 3,
  digit: 4,
  symbol: 4,
};

/**
 * Tells whether a passage looks disguised: a word of it mixes scripts, or letters with digits or symbols; two words are joined
 * by something else than white space; or it is in letters of another script that all have look-alikes, before the text had
 * one that has none. Without such a sign, a passage of look-alikes is taken for what it is.
 */
export class Disguise {
  /** Where each kind was last seen in the word; -1 if it was not. */
  readonly #word = [-1, -1, -1, -1, -1];
  /** The last letter before a separator that directly follows it. */
  #joined = -1;
  #lastMixed = -1;
  #lastForeign = -1;
  #hasOwnScript = false;

  take({ kind, plain, letter }: FoldedCharacter, at: number): void {
    const own = wordKinds[kind];
    if (own === undefined) {
      if (kind === 'mark') return;
      const last = Math.max(...this.#word);
      if (kind === 'space') this.#joined = -1;
      else if (last >= 0) this.#joined = last;
      this.#word.fill(-1);
      return;
    }
    this.#lastMixed = Math.max(this.#lastMixed, this.#joined);
    this.#joined = -1;
    for (const [other, place] of this.#word.entries())
      if (other !== own && place > this.#lastMixed) this.#lastMixed = place;
    this.#word[own] = at;
    if (kind !== 'cyrillic' && kind !== 'greek') return;
    if (letter === plain) this.#hasOwnScript = true;
    else this.#lastForeign = at;
  }

  /** True if the text from `start` to here looks disguised. */
  isSeenFrom(start: number): boolean {
    return this.#lastMixed >= start || (!this.#hasOwnScript && this.#lastForeign >= start);
  }
}
