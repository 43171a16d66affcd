import type { FoldedCharacter } from './characters.ts';
import type { PatternSet } from './pattern-set.ts';

/** Called for a match: the index of its rule, its first character's place, and whether the last step's character belongs to it. */
export type OnMatch = (rule: number, start: number, ended: 'before' | 'with') => void;

/**
 * Runs the patterns of all rules over a stream of characters at once, as Pike's machine does (Cox 2009, "Regular expression
 * matching: the virtual machine approach"): the time a character takes is at most the number of all instructions. It knows
 * after every character where the earliest match that may still come would begin.
 */
export class Automaton {
  readonly #patterns: PatternSet;
  /** The instructions of the threads in the order of their starts, and the place of the character that each began with. */
  #places: number[] = [];
  #starts: number[] = [];
  /** The step in which an instruction was last reached. */
  readonly #reached: Uint32Array<ArrayBuffer>;
  #steps = 0;
  /** Instructions that were reached without a character in this step. */
  readonly #seen = new Set<number>();

  constructor(patterns: PatternSet) {
    this.#patterns = patterns;
    this.#reached = new Uint32Array(patterns.length);
  }

  /** The place where the earliest match begins that may still end; null if there is none. */
  get earliest(): number | null {
    return this.#starts.reduce<number | null>(
      (first, start) => (first === null || start < first ? start : first),
      null,
    );
  }

  /**
   * Takes the next character, whose place in the text is `at`. `flags` are the assertions that hold before it, and `begins`
   * says whether a match may begin with it. Calls `onMatch` for each match that ends before it, or with it where nothing is
   * asked of the character after.
   */
  step(character: FoldedCharacter, at: number, flags: number, begins: boolean, onMatch: OnMatch): void {
    const seeds = begins ? this.#patterns.seedsFor(character, flags) : [];
    const [before, starts] = [this.#places, this.#starts];
    if (seeds.length === 0 && before.length === 0) return;
    this.#places = [];
    this.#starts = [];
    this.#steps++;
    this.#seen.clear();
    for (const [index, place] of before.entries()) {
      const start = starts[index] ?? at;
      for (const waiting of this.#waitingAt(place, start, flags, onMatch)) {
        const next = this.#patterns.nextOf(waiting, character);
        if (next !== null) this.#reach(next, start, onMatch);
      }
    }
    for (const place of seeds) this.#reach(place, at, onMatch);
  }

  /** The text has ended. `flags` are the assertions that hold there. */
  end(flags: number, onMatch: OnMatch): void {
    this.#seen.clear();
    for (const [index, place] of this.#places.entries())
      this.#waitingAt(place, this.#starts[index] ?? 0, flags, onMatch);
    this.#places = [];
    this.#starts = [];
  }

  #reach(place: number, start: number, onMatch: OnMatch): void {
    if (this.#reached[place] === this.#steps) return;
    this.#reached[place] = this.#steps;
    if (this.#patterns.matchesAt(place)) onMatch(this.#patterns.ruleOf(place), start, 'with');
    this.#places.push(place);
    this.#starts.push(start);
  }

  /** The instructions that wait for a character, given the assertions that hold now. Calls `onMatch` for a match that ended before it. */
  #waitingAt(place: number, start: number, flags: number, onMatch: OnMatch): readonly number[] {
    const own = this.#patterns.waitingAt(place);
    if (own !== null) return own;
    const { waiting, matched } = this.#patterns.closure([place], flags, this.#seen);
    if (matched && !this.#patterns.matchesAt(place)) onMatch(this.#patterns.ruleOf(place), start, 'before');
    return waiting;
  }
}
