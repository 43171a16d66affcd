import * as v from 'valibot';
import { compilePattern } from '../patterns.ts';

/** Limits of a block of protected domains. Lengths are in UTF-16 units. */
export const protectedLimits = { rules: 1000, patterns: 100, examples: 1000, exampleLength: 10_000 } as const;

const text = (most: number) =>
  v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'), v.maxLength(most, 'is too long'));

/** A pattern that compiles. The message is that of the error, with RE2's reason. */
const pattern = v.pipe(
  text(1000),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      compilePattern(dataset.value);
    } catch (error) {
      addIssue({ message: `cannot be used: ${error instanceof Error ? error.message : String(error)}` });
    }
  }),
);

const listOf = <Item extends v.GenericSchema>(item: Item, most: number) =>
  v.optional(v.pipe(v.array(item, 'must be a list'), v.maxLength(most, `has more than ${most} entries`)), []);

/**
 * One protected domain: patterns in the syntax of RE2, and examples, of which texts that are nearly one are matched. `data`
 * says what a build does with a row that matches: it removes the row, or refuses to begin.
 */
const rule = v.pipe(
  v.strictObject(
    {
      id: v.pipe(
        v.string('must be text'),
        v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be small letters, digits and -'),
      ),
      data: v.optional(v.picklist(['remove', 'refuse'], 'must be remove or refuse'), 'remove'),
      patterns: listOf(pattern, protectedLimits.patterns),
      examples: listOf(text(protectedLimits.exampleLength), protectedLimits.examples),
    },
    'must be a mapping with an id',
  ),
  v.check(
    ({ patterns, examples }) => patterns.length + examples.length > 0,
    'has neither patterns nor examples',
  ),
);

/** The block `protected` of a recipe, of a file of rules or of a constitution. */
export const protectedSchema = v.pipe(
  v.array(rule, 'must be a list of rules'),
  v.maxLength(protectedLimits.rules, `has more than ${protectedLimits.rules} rules`),
  v.check((rules) => new Set(rules.map(({ id }) => id)).size === rules.length, 'has two rules of one id'),
);

export type ProtectedRule = v.InferOutput<typeof rule>;

/** The keys of a rule, for suggestions. */
export const protectedKeys = ['id', 'data', 'patterns', 'examples'] as const;
