import { TapestryError } from '../../errors.ts';
import { type FoldedCharacter, foldCharacter } from './characters.ts';
import { ExampleIndex, fewestLetters } from './near-examples.ts';
import { PatternSet } from './pattern-set.ts';
import type { ProtectedRule } from './schema.ts';

/** Protected domains, compiled. Texts and streams that are scanned share them. */
export interface ProtectedDomains {
  readonly rules: readonly ProtectedRule[];
  readonly ids: readonly string[];
  readonly plain: PatternSet;
  readonly disguised: PatternSet;
  readonly spaced: PatternSet;
  readonly examples: ExampleIndex;
}

/**
 * Compiles the rules of protected domains. Throws the errors of `compilePattern`, and `protected.short-example` for an example
 * of too few letters to be told from other texts.
 */
export function protectedDomains(rules: readonly ProtectedRule[]): ProtectedDomains {
  const patterns = rules.flatMap((rule, index) => rule.patterns.map((source) => ({ source, rule: index })));
  return {
    rules,
    ids: rules.map(({ id }) => id),
    plain: new PatternSet(patterns, 'plain'),
    disguised: new PatternSet(patterns, 'disguised'),
    spaced: new PatternSet(patterns, 'spaced'),
    examples: new ExampleIndex(
      rules.flatMap(({ id, examples }, rule) =>
        examples.map((example) => ({ letters: lettersOf(example, id), rule })),
      ),
    ),
  };
}

/** The rules of a recipe and of its constitution. Throws `protected.double-id` if both have one of the same id. */
export function joinRules(
  own: readonly ProtectedRule[],
  others: readonly ProtectedRule[],
): readonly ProtectedRule[] {
  const double = own.find(({ id }) => others.some((other) => other.id === id));
  if (double === undefined) return [...own, ...others];
  throw new TapestryError(
    'protected.double-id',
    `The recipe and its constitution both have a protected domain ${double.id}.`,
    'Take it out of the recipe, or give it another id there.',
  );
}

/** The letters of an example, as they are compared. */
function lettersOf(example: string, id: string): number[] {
  const characters = [...example].flatMap((character) => foldCharacter(character.codePointAt(0) ?? 0));
  const letters = characters.filter(isCompared).map(({ letter }) => letter);
  if (letters.length >= fewestLetters) return letters;
  throw new TapestryError(
    'protected.short-example',
    `An example of the protected domain ${id} has ${letters.length} letters, and the fewest are ${fewestLetters}.`,
    'Write short words as a pattern, such as \\bword\\b.',
  );
}

/** True for what counts as a letter of an example. Exclamation marks and bars end too many words to count. */
export function isCompared({ kind, plain }: FoldedCharacter): boolean {
  if (kind === 'symbol') return plain === 0x40 || plain === 0x24;
  return kind !== 'space' && kind !== 'separator';
}
