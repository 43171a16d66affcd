/** A text matches an example if it has this part of the example's sequences, within this many times the example's length. */
const neededShare = 0.7;
const windowLength = 1.2;
/** Letters between two sequences of a match that has enough of them. */
const longestGap = 4;

/** An example has at least this many letters. */
export const fewestLetters = 12;
/** A longer example is compared part by part. */
const longest = 64;

/** Examples are compared by their letters alone, given as numbers. */
export type Letters = readonly number[];

/** A part of an example. */
interface Piece {
  readonly rule: number;
  /** Different sequences, and how many of them a match has. */
  readonly sequences: number;
  readonly needed: number;
  /** How many sequences of a text, from the first of a match on, may belong to it. */
  readonly window: number;
}

/** A sequence of a piece, by its number in it. */
interface Occurrence {
  readonly piece: Piece;
  readonly sequence: number;
}

const none: readonly Occurrence[] = [];

/** The examples of all rules by their sequences of letters. Every text shares it. */
export class ExampleIndex {
  /** Numbers of the letters that examples have; 0 is any other. */
  readonly #letters = new Map<number, number>();
  readonly #sequences = new Map<number, Occurrence[]>();

  constructor(examples: readonly { readonly letters: Letters; readonly rule: number }[]) {
    for (const { letters, rule } of examples) for (const part of partsOf(letters)) this.#add(part, rule);
  }

  /** The number of a letter, for `having`. */
  numberOf(letter: number): number {
    return this.#letters.get(letter) ?? 0;
  }

  /** The parts of examples that have this sequence of numbered letters. */
  having(first: number, second: number, third: number): readonly Occurrence[] {
    return this.#sequences.get(keyOf(first, second, third)) ?? none;
  }

  #add(letters: Letters, rule: number): void {
    const numbers = letters.map((letter) => {
      const number = this.#letters.get(letter) ?? this.#letters.size + 1;
      this.#letters.set(letter, number);
      return number;
    });
    const keys = new Set(
      numbers.slice(2).map((third, at) => keyOf(numbers[at] ?? 0, numbers[at + 1] ?? 0, third)),
    );
    const piece: Piece = {
      rule,
      sequences: keys.size,
      needed: Math.ceil(neededShare * keys.size),
      window: Math.ceil(windowLength * letters.length),
    };
    for (const [sequence, key] of [...keys].entries()) {
      const known = this.#sequences.get(key);
      if (known === undefined) this.#sequences.set(key, [{ piece, sequence }]);
      else known.push({ piece, sequence });
    }
  }
}

/** The sequences of a piece that the end of a text has. */
interface Window {
  readonly piece: Piece;
  /** The number of times that each sequence is in the window, and how many sequences that is. */
  readonly counts: Uint16Array<ArrayBuffer>;
  distinct: number;
  /** When the last match of the piece ended; null if the window has none. */
  matched: number | null;
  /** When each came, and where in the text it begins. */
  hits: { readonly time: number; readonly sequence: number; readonly start: number }[];
}

/**
 * Finds texts that are nearly one of the examples: those that share most of the sequences of three letters with it, in a
 * stretch of about its length. Spaces, punctuation and a few changed, missing or added letters do not matter. The text is a
 * stream, and the place is known from which on it may still become a match.
 */
export class NearExamples {
  readonly #index: ExampleIndex;
  readonly #windows = new Map<Piece, Window>();
  /** The windows with hits. */
  readonly #active = new Set<Window>();
  /** The two letters before, by their numbers, and where in the text they are. */
  #first = 0;
  #second = 0;
  #firstStart = 0;
  #secondStart = 0;
  #time = 0;

  constructor(index: ExampleIndex) {
    this.#index = index;
  }

  /** The place from which on the text may still become a match; null if there is none. */
  get earliest(): number | null {
    let earliest: number | null = null;
    for (const window of this.#active) {
      this.#forget(window);
      const start = window.hits[0]?.start;
      if (start === undefined) this.#active.delete(window);
      else if (earliest === null || start < earliest) earliest = start;
    }
    return earliest;
  }

  /** Takes the next letter, whose place in the text is `start`. Calls `onMatch` for each match that ends with it. */
  step(letter: number, start: number, onMatch: (rule: number, start: number) => void): void {
    const [first, second, third] = [this.#first, this.#second, this.#index.numberOf(letter)];
    const from = this.#firstStart;
    this.#first = second;
    this.#firstStart = this.#secondStart;
    this.#second = third;
    this.#secondStart = start;
    this.#time++;
    // A letter that no example has is in no sequence of one.
    if (first === 0 || second === 0 || third === 0) return;
    for (const { piece, sequence } of this.#index.having(first, second, third)) {
      const window = this.#windowOf(piece);
      // A match goes on over a changed letter; what comes later belongs to another one.
      if (window.matched !== null && this.#time - window.matched > longestGap) clear(window);
      this.#active.add(window);
      window.hits.push({ time: this.#time, sequence, start: from });
      const before = window.counts[sequence] ?? 0;
      window.counts[sequence] = before + 1;
      if (before === 0) window.distinct++;
      this.#forget(window);
      if (window.distinct < piece.needed) continue;
      window.matched = this.#time;
      onMatch(piece.rule, window.hits[0]?.start ?? from);
    }
  }

  #windowOf(piece: Piece): Window {
    const known = this.#windows.get(piece);
    if (known !== undefined) return known;
    const fresh = { piece, counts: new Uint16Array(piece.sequences), distinct: 0, matched: null, hits: [] };
    this.#windows.set(piece, fresh);
    return fresh;
  }

  /** Drops the first sequences of a window that cannot have enough others in time, whatever the text goes on with. */
  #forget(window: Window): void {
    let dropped = 0;
    for (const { time, sequence } of window.hits) {
      const left = time + window.piece.window - 1 - this.#time;
      if (left >= 0 && window.distinct + left >= window.piece.needed) break;
      dropped++;
      const count = (window.counts[sequence] ?? 1) - 1;
      window.counts[sequence] = count;
      if (count === 0) window.distinct--;
    }
    if (dropped > 0) window.hits = window.hits.slice(dropped);
  }
}

function clear(window: Window): void {
  window.counts.fill(0);
  window.distinct = 0;
  window.matched = null;
  window.hits = [];
}

/** Parts of nearly equal length. */
function partsOf(letters: Letters): Letters[] {
  const count = Math.ceil(letters.length / longest);
  return Array.from({ length: count }, (_, part) =>
    letters.slice(
      Math.round((part * letters.length) / count),
      Math.round(((part + 1) * letters.length) / count),
    ),
  );
}

/** Numbers of letters are below 2^17, for Unicode has fewer letters. */
const keyOf = (first: number, second: number, third: number) => (first * 2 ** 17 + second) * 2 ** 17 + third;
