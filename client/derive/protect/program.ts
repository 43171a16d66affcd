import * as v from 'valibot';
import { compileRe2 } from '../patterns.ts';

/**
 * One instruction of a compiled pattern, a nondeterministic automaton (Thompson 1968): `character` consumes a character in
 * one of the ranges of code points [first, last, first, last, ...], `assert` goes on where all of `flags` hold, and `split`
 * goes on at each of `next`.
 */
export type Instruction =
  | { readonly kind: 'character'; readonly ranges: ArrayLike<number>; readonly next: number }
  | { readonly kind: 'assert'; readonly flags: number; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'match' };

/** What `assert` asks of the place between two characters, as sums of these. */
const assertion = {
  lineBegins: 1,
  lineEnds: 2,
  textBegins: 4,
  textEnds: 8,
  wordBorder: 16,
  noWordBorder: 32,
} as const;

/** A compiled pattern as instructions. */
export interface PatternProgram {
  readonly start: number;
  readonly instructions: readonly Instruction[];
}

/** Compiles a pattern to its instructions. Throws the errors of `compilePattern`. */
export function patternProgram(source: string): PatternProgram {
  const { inst, start } = v.parse(programSchema, compileRe2(source).re2().prog);
  return { start, instructions: inst };
}

/** RE2's instructions by their numbers. Its captures and no-operations go on at one place. */
const whole = v.pipe(v.number(), v.integer());
const runes = v.custom<ArrayLike<number>>((value) => value instanceof Int32Array || Array.isArray(value));
const instructionSchema = v.union([
  v.pipe(
    v.object({ op: v.picklist([1, 2]), out: whole, arg: whole }),
    v.transform(({ out, arg }): Instruction => ({ kind: 'split', next: [out, arg] })),
  ),
  v.pipe(
    v.object({ op: v.picklist([3, 7]), out: whole }),
    v.transform(({ out }): Instruction => ({ kind: 'split', next: [out] })),
  ),
  v.pipe(
    v.object({ op: v.literal(4), out: whole, arg: whole }),
    v.transform(({ out, arg }): Instruction => ({ kind: 'assert', flags: arg, next: out })),
  ),
  v.pipe(
    v.object({ op: v.literal(5) }),
    v.transform((): Instruction => ({ kind: 'split', next: [] })),
  ),
  v.pipe(
    v.object({ op: v.literal(6) }),
    v.transform((): Instruction => ({ kind: 'match' })),
  ),
  v.pipe(
    v.object({ op: v.picklist([8, 9, 10, 11]), out: whole, runes }),
    v.transform(
      ({ op, out, runes }): Instruction => ({ kind: 'character', ranges: rangesOf(op, runes), next: out }),
    ),
  ),
]);
const programSchema = v.object({ inst: v.array(instructionSchema), start: whole });

function rangesOf(op: 8 | 9 | 10 | 11, runes: ArrayLike<number>): ArrayLike<number> {
  if (op === 10) return [0, 0x10_ffff];
  if (op === 11) return [0, 9, 11, 0x10_ffff];
  return runes.length === 1 ? [runes[0] ?? 0, runes[0] ?? 0] : runes;
}

/** The assertions that hold at a place. `border` is 'both' where a character may be a letter or none. */
export function assertionsAt(first: boolean, last: boolean, border: boolean | 'both'): number {
  return (
    (first ? assertion.lineBegins | assertion.textBegins : 0) |
    (last ? assertion.lineEnds | assertion.textEnds : 0) |
    (border !== false ? assertion.wordBorder : 0) |
    (border !== true ? assertion.noWordBorder : 0)
  );
}
