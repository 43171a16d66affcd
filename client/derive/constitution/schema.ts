import * as v from 'valibot';
import { TapestryError } from '../../errors.ts';
import { compilePattern } from '../patterns.ts';
import { protectedKeys, protectedSchema } from '../protect/schema.ts';
import { between, string, whole } from '../recipe/values.ts';

/** Limits of a constitution: numbers of entries, and characters of a text. */
export const constitutionLimits = {
  principles: 256,
  examples: 4096,
  boards: 16,
  keys: 64,
  characters: 8192,
} as const;

const short = v.maxLength<string, number, string>(
  constitutionLimits.characters,
  `must have at most ${constitutionLimits.characters} characters`,
);
const text = v.pipe(string, short);
const name = v.pipe(
  string,
  v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and hyphens, at most 64'),
);
const list = <Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(v.array(item, 'must be a list'), v.maxLength(most, `must have at most ${most} entries`));

/** A regular expression in RE2's syntax; the message says what RE2 refuses. */
const pattern = v.pipe(
  string,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      compilePattern(dataset.value);
    } catch (error) {
      if (!(error instanceof TapestryError)) throw error;
      addIssue({ message: `is no usable pattern: ${error.message}` });
    }
  }),
);

const principle = v.strictObject(
  {
    id: name,
    /** The rule in words, as the model is asked about it. */
    text,
    weight: v.optional(between(0, 1000), 1),
    /** Answers that follow the principle, and answers that break it. */
    follows: v.optional(list(text, constitutionLimits.examples), []),
    breaks: v.optional(list(text, constitutionLimits.examples), []),
    /** A text in which this is found breaks the principle. */
    check: v.optional(pattern),
  },
  'must be a mapping with id and text',
);

/** People who answer for the constitution: `needed` of these keys must have signed it. */
const board = v.strictObject(
  {
    name,
    /** Ed25519 public keys in hex. */
    keys: v.pipe(
      list(
        v.pipe(string, v.regex(/^[0-9a-f]{64}$/, 'must be an Ed25519 public key: 64 hexadecimal digits')),
        constitutionLimits.keys,
      ),
      v.minLength(1, 'must not be empty'),
    ),
    needed: whole(1, constitutionLimits.keys),
  },
  'must be a mapping with name, keys and needed',
);

export const constitutionSchema = v.strictObject({
  preamble: v.optional(v.pipe(v.string('must be text'), short), ''),
  principles: v.pipe(list(principle, constitutionLimits.principles), v.minLength(1, 'must not be empty')),
  /** Protected domains: what is removed from data, and neither asked nor answered. */
  protected: v.optional(protectedSchema, []),
  boards: v.optional(list(board, constitutionLimits.boards), []),
});

export const knownKeys: readonly string[] = [
  ...Object.keys(constitutionSchema.entries),
  ...Object.keys(principle.entries),
  ...Object.keys(board.entries),
  ...protectedKeys,
];
