import { Automaton, type OnMatch } from './automaton.ts';
import { type CharacterKind, type FoldedCharacter, foldCharacter } from './characters.ts';
import { Disguise } from './disguise.ts';
import { isCompared, type ProtectedDomains } from './domains.ts';
import { NearExamples } from './near-examples.ts';
import { assertionsAt } from './program.ts';
import { SpacedWords } from './spaced-words.ts';

/** A part of a text that a rule protects, in UTF-16 units of the text. */
export interface ProtectedMatch {
  /** The id of the rule. */
  readonly rule: string;
  readonly start: number;
  readonly end: number;
}

const space: FoldedCharacter = { plain: 0x20, letter: 0x20, kind: 'space' };

/**
 * Looks for protected passages in a stream of text, in time linear in its length. Patterns are matched in three readings: as
 * the text is; as if characters stood for their look-alikes, where the passage mixes them; and as if only letters counted,
 * where they are written apart. Examples are matched by `NearExamples`.
 */
export class ProtectedScanner {
  readonly #ids: readonly string[];
  readonly #plain: Automaton;
  readonly #disguised: Automaton;
  readonly #spaced: Automaton;
  readonly #near: NearExamples;
  readonly #disguise = new Disguise();
  readonly #words = new SpacedWords();
  #found: ProtectedMatch[] = [];
  /** Where the character ends that is taken now, and where the one before it that is read as something. */
  #end = 0;
  #endBefore = 0;
  /** What the character before was, in the readings that have spaces. */
  readonly #before: { plain: CharacterKind | null; disguised: CharacterKind | null } = {
    plain: null,
    disguised: null,
  };

  constructor({ ids, plain, disguised, spaced, examples }: ProtectedDomains) {
    this.#ids = ids;
    this.#plain = new Automaton(plain);
    this.#disguised = new Automaton(disguised);
    this.#spaced = new Automaton(spaced);
    this.#near = new NearExamples(examples);
  }

  /** The place from which on the text so far may still become a match; null if no part of it may. */
  get earliest(): number | null {
    const places = [
      this.#plain.earliest,
      this.#disguised.earliest,
      this.#spaced.earliest,
      this.#near.earliest,
      this.#words.earliest,
    ];
    return places.reduce(
      (first, place) => (place !== null && (first === null || place < first) ? place : first),
      null,
    );
  }

  /** Takes the next part of the text, which must not end inside a surrogate pair. Returns the matches that it ends. */
  push(text: string): readonly ProtectedMatch[] {
    this.#found = [];
    for (const character of text) {
      const start = this.#end;
      this.#end = start + character.length;
      for (const folded of foldCharacter(character.codePointAt(0) ?? 0)) {
        this.#take(folded, start);
        this.#endBefore = this.#end;
      }
    }
    return this.#found;
  }

  /** The text has ended. Returns the matches that this ends. */
  end(): readonly ProtectedMatch[] {
    this.#found = [];
    const { plain, disguised } = this.#before;
    this.#plain.end(assertionsAt(plain === null, true, isWord(plain)), this.#onPlain);
    this.#disguised.end(assertionsAt(disguised === null, true, borderOf(disguised, null)), this.#onDisguised);
    this.#spaced.end(assertionsAt(this.#words.isEmpty, true, 'both'), this.#onSpaced);
    this.#endWord();
    return this.#found;
  }

  #take(character: FoldedCharacter, start: number): void {
    const { kind } = character;
    const isSpace = kind === 'space';
    const isBetween = isSpace || kind === 'separator';
    this.#takePlain(isSpace ? space : character, start);
    this.#disguise.take(character, start);
    this.#takeDisguised(isBetween ? space : character, start);
    if (isBetween) {
      this.#endWord();
      return;
    }
    const flags = assertionsAt(this.#words.isEmpty, false, 'both');
    this.#spaced.step(character, start, flags, this.#words.take(kind, start), this.#onSpaced);
    if (isCompared(character)) this.#near.step(character.letter, start, this.#onNear);
  }

  #takePlain(character: FoldedCharacter, start: number): void {
    const before = this.#before.plain;
    const { kind } = character;
    // White space counts once, and not at the beginning.
    if (kind === 'space' && (before === 'space' || before === null)) return;
    const flags = assertionsAt(before === null, false, isWord(before) !== isWord(kind));
    this.#plain.step(character, start, flags, true, this.#onPlain);
    this.#before.plain = kind;
  }

  #takeDisguised(character: FoldedCharacter, start: number): void {
    const before = this.#before.disguised;
    const { kind } = character;
    if (kind === 'space' && (before === 'space' || before === null)) return;
    const flags = assertionsAt(before === null, false, borderOf(before, kind));
    this.#disguised.step(character, start, flags, true, this.#onDisguised);
    this.#before.disguised = kind;
  }

  readonly #onPlain: OnMatch = (rule, start, ended) => {
    this.#add(rule, start, ended === 'with' ? this.#end : this.#endBefore);
  };

  readonly #onDisguised: OnMatch = (rule, start, ended) => {
    if (this.#disguise.isSeenFrom(start)) this.#onPlain(rule, start, ended);
  };

  /** A match in this reading counts once its last word has ended, if enough of its words are single letters. */
  readonly #onSpaced: OnMatch = (rule, start) => this.#words.propose(rule, start, this.#end);

  readonly #onNear = (rule: number, start: number) => this.#add(rule, start, this.#end);

  #endWord(): void {
    for (const { rule, start, end } of this.#words.endWord()) this.#add(rule, start, end);
  }

  #add(rule: number, start: number, end: number): void {
    this.#found.push({ rule: this.#ids[rule] ?? '', start, end });
  }
}

function isWord(kind: CharacterKind | null): boolean {
  return kind !== null && kind !== 'separator' && kind !== 'space' && kind !== 'symbol';
}

function borderOf(before: CharacterKind | null, kind: CharacterKind | null): boolean | 'both' {
  return before === 'symbol' || kind === 'symbol' ? 'both' : isWord(before) !== isWord(kind);
}

/** The first match of each rule in a text, in the order of their ends. */
export function protectedMatches(text: string, domains: ProtectedDomains): readonly ProtectedMatch[] {
  const scanner = new ProtectedScanner(domains);
  const first = new Map<string, ProtectedMatch>();
  for (const match of [...scanner.push(text), ...scanner.end()])
    if (!first.has(match.rule)) first.set(match.rule, match);
  return [...first.values()];
}
