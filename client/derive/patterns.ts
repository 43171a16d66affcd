import { RE2JS, RE2JSException } from 're2js';
import { printable, TapestryError } from '../errors.ts';

/** A part of a text, in UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A compiled regular expression. Its time is at most linear in the length of the text, whatever the expression is. */
export interface Pattern {
  readonly source: string;
  /** True if some part of the text matches. */
  test(text: string): boolean;
  /** The first match that begins at `from` or later, or null. */
  find(text: string, from?: number): Span | null;
}

/** Limits of a pattern: the length of its source in UTF-16 units, and the instructions of its compiled program. */
export interface PatternLimits {
  readonly source: number;
  /** Each character of a text costs at most this many steps. */
  readonly instructions: number;
}

export const defaultPatternLimits: PatternLimits = { source: 1000, instructions: 1000 };

/**
 * Compiles a regular expression in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), which has no look-around
 * and no back-references. Flags stand in the source, as in `(?i)word`. Throws `pattern.syntax` for an expression that RE2
 * refuses and `pattern.too-large` for one over the limits.
 */
export function compilePattern(source: string, limits: PatternLimits = defaultPatternLimits): Pattern {
  const compiled = compileRe2(source, limits);
  return {
    source,
    test: (text) => compiled.test(text),
    find(text, from = 0) {
      // The engine that finds places is many times slower than the one that answers yes or no.
      if (from > text.length || !compiled.test(text)) return null;
      const matcher = compiled.matcher(text);
      return matcher.find(from) ? { start: matcher.start(), end: matcher.end() } : null;
    },
  };
}

/** Compiles a pattern with RE2. Throws the errors of `compilePattern`. */
export function compileRe2(source: string, limits: PatternLimits = defaultPatternLimits): RE2JS {
  if (source.length > limits.source)
    throw tooLarge(source, `has ${source.length} characters, and at most ${limits.source} are allowed`);
  const compiled = compile(source);
  const instructions = compiled.programSize();
  if (instructions > limits.instructions)
    throw tooLarge(
      source,
      `needs ${instructions} instructions, and at most ${limits.instructions} are allowed`,
    );
  return compiled;
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new TapestryError(
      'pattern.syntax',
      `The pattern ${printable(source)} cannot be used: ${printable(error.message)}.`,
      'Write it in the syntax of RE2: without look-around ((?=), (?!), (?<=), (?<!)) and back-references (\\1), with \\x{e9} in place of \\u00e9.',
      { cause: error },
    );
  }
}

function tooLarge(source: string, what: string): TapestryError {
  return new TapestryError(
    'pattern.too-large',
    `The pattern ${printable(source)} ${what}.`,
    'Split it into several patterns, or repeat less in it.',
  );
}
