import { type FoldedCharacter, meantBy, originalsOf } from './characters.ts';
import { assertionsAt, type Instruction, patternProgram } from './program.ts';

/** How an automaton reads characters. */
export type Reading =
  /** As they are, but for case, width, accents and invisible characters. */
  | 'plain'
  /** Each character may stand for its look-alikes, and separators for spaces. */
  | 'disguised'
  /** As `disguised`, and only the letters: the pattern's spaces and word borders need nothing in the text. */
  | 'spaced';

/** Limits of what is remembered of the characters that were read: bytes, and entries. */
const rememberedBytes = 2 ** 25;
const rememberedSeeds = 2 ** 16;

/** The patterns of all rules, compiled to be matched in one reading. Every text shares it. */
export class PatternSet {
  readonly #reading: Reading;
  readonly #instructions: readonly Instruction[];
  /** The rule of the pattern that an instruction belongs to. */
  readonly #rules: readonly number[];
  readonly #beginnings: readonly number[];
  /** True for an instruction from which a match is reached whatever comes next. */
  readonly #matches: readonly boolean[];
  readonly #alone: readonly (readonly number[] | null)[];
  readonly #taken = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly #seeds = new Map<number, readonly number[]>();

  constructor(patterns: readonly { readonly source: string; readonly rule: number }[], reading: Reading) {
    this.#reading = reading;
    const instructions: Instruction[] = [];
    const rules: number[] = [];
    const beginnings: number[] = [];
    for (const { source, rule } of patterns) {
      const program = patternProgram(source);
      const offset = instructions.length;
      beginnings.push(offset + program.start);
      for (const instruction of program.instructions) {
        instructions.push(moved(instruction, offset));
        rules.push(rule);
      }
    }
    this.#instructions = instructions;
    this.#rules = rules;
    this.#beginnings = beginnings;
    this.#alone = instructions.map((instruction, place) =>
      instruction.kind === 'character' && !this.#isOptional(instruction.ranges) ? [place] : null,
    );
    // Letters written apart are each a word, so that a word's border is never missing.
    const flags = reading === 'spaced' ? assertionsAt(false, false, 'both') : 0;
    this.#matches = instructions.map((_, place) => this.closure([place], flags).matched);
  }

  /** Instructions of all patterns. */
  get length(): number {
    return this.#instructions.length;
  }

  ruleOf(place: number): number {
    return this.#rules[place] ?? 0;
  }

  /** True if a match is reached from this instruction whatever comes next. */
  matchesAt(place: number): boolean {
    return this.#matches[place] ?? false;
  }

  /** The instruction alone if it waits for a character; null if it goes on without one. */
  waitingAt(place: number): readonly number[] | null {
    return this.#alone[place] ?? null;
  }

  /** The instruction after this one if it takes the character, else null. */
  nextOf(place: number, character: FoldedCharacter): number | null {
    const instruction = this.#instructions[place];
    if (instruction?.kind !== 'character') return null;
    const taken = this.#takenBy(character);
    // 0 is unknown, 1 no, 2 yes.
    if (taken[place] === 0) taken[place] = accepts(instruction.ranges, character, this.#reading) ? 2 : 1;
    return taken[place] === 2 ? instruction.next : null;
  }

  /** The instructions after the first ones of all patterns that take this character. */
  seedsFor(character: FoldedCharacter, flags: number): readonly number[] {
    const key = character.plain * 64 + flags;
    const known = this.#seeds.get(key);
    if (known !== undefined) return known;
    const seeds = this.closure(this.#beginnings, flags).waiting.flatMap(
      (place) => this.nextOf(place, character) ?? [],
    );
    if (this.#seeds.size >= rememberedSeeds) this.#seeds.clear();
    this.#seeds.set(key, seeds);
    return seeds;
  }

  /** What is reached from `from` without a character, where the assertions `flags` hold. */
  closure(
    from: readonly number[],
    flags: number,
    seen = new Set<number>(),
  ): { readonly waiting: readonly number[]; readonly matched: boolean } {
    const waiting: number[] = [];
    let matched = false;
    const stack = from.toReversed();
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const instruction = this.#instructions[place];
      if (instruction === undefined) continue;
      switch (instruction.kind) {
        case 'character':
          waiting.push(place);
          if (this.#isOptional(instruction.ranges)) stack.push(instruction.next);
          break;
        case 'assert':
          if ((instruction.flags & ~flags) === 0) stack.push(instruction.next);
          break;
        case 'split':
          stack.push(...instruction.next.toReversed());
          break;
        case 'match':
          matched = true;
          break;
        default:
          instruction satisfies never;
      }
    }
    return { waiting, matched };
  }

  /** Where only letters count, the text has nothing for a pattern's spaces. */
  #isOptional(ranges: ArrayLike<number>): boolean {
    return this.#reading === 'spaced' && isSpace(ranges);
  }

  #takenBy({ plain }: FoldedCharacter): Uint8Array<ArrayBuffer> {
    const known = this.#taken.get(plain);
    if (known !== undefined) return known;
    if ((this.#taken.size + 1) * this.length > rememberedBytes) this.#taken.clear();
    const fresh = new Uint8Array(this.length);
    this.#taken.set(plain, fresh);
    return fresh;
  }
}

function moved(instruction: Instruction, offset: number): Instruction {
  switch (instruction.kind) {
    case 'match':
      return instruction;
    case 'split':
      return { kind: 'split', next: instruction.next.map((next) => next + offset) };
    default:
      return { ...instruction, next: instruction.next + offset };
  }
}

/**
 * True if a set of characters has one that the text's character may be. Sets without the last code point are those that name
 * characters; others, such as [^a-z], name what is left out, and would have capitals and accented letters by accident.
 */
function accepts(ranges: ArrayLike<number>, character: FoldedCharacter, reading: Reading): boolean {
  if (includes(ranges, character.plain)) return true;
  if (ranges[ranges.length - 1] === 0x10_ffff) return false;
  const meant = reading === 'plain' ? [character.plain] : meantBy(character.plain);
  return meant.some((letter) => originalsOf(letter).some((original) => includes(ranges, original)));
}

/** Binary search of [first, last, first, last, ...]. */
function includes(ranges: ArrayLike<number>, codePoint: number): boolean {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[2 * middle + 1] ?? 0) < codePoint) low = middle + 1;
    else high = middle;
  }
  return (ranges[2 * low] ?? Number.POSITIVE_INFINITY) <= codePoint;
}

/** True for a set that stands for white space or punctuation: it has the space, and no letter. */
function isSpace(ranges: ArrayLike<number>): boolean {
  return includes(ranges, 0x20) && !includes(ranges, 0x61);
}
