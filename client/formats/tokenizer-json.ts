import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { byteCharacters } from './byte-level.ts';
import { isKnownSplit } from './split-patterns.ts';

/** The most bytes and tokens of a tokenizer.json. A run's manifest has the same limits. */
export const maxTokenizerBytes = 2 ** 26;
export const maxTokens = 2 ** 20;

/** The most steps in which a tokenizer cuts text. */
const maxSplits = 8;

/** The parts of a tokenizer.json that encoding and decoding need. */
export interface ParsedTokenizer {
  /** Bytes of each token; null for special tokens and unused ids. */
  readonly tokens: readonly (Uint8Array<ArrayBuffer> | null)[];
  readonly special: ReadonlyMap<string, number>;
  /** What comes before text that begins, or that follows a special token: a space in SentencePiece. */
  readonly prefix: '' | ' ';
  /** The file without special tokens, and without the post-processor that inserts them. */
  readonly withoutSpecial: object;
}

export const idSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(maxTokens - 1));
const byteLevel = v.object({ type: v.literal('ByteLevel'), add_prefix_space: v.literal(false) });
const splitting = v.union([
  byteLevel,
  v.object({ type: v.literal('Digits') }),
  // The fifth behaviour, "Removed", is not allowed because it loses text.
  v.object({
    type: v.literal('Split'),
    behavior: v.picklist(['Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']),
    pattern: v.union([
      v.strictObject({
        Regex: v.pipe(v.string(), v.check(isKnownSplit, 'is not the pattern of a well-known tokenizer')),
      }),
      v.strictObject({ String: v.pipe(v.string(), v.minLength(1), v.maxLength(100)) }),
    ]),
  }),
]);
export const addedTokens = v.optional(
  v.array(
    v.looseObject({
      id: idSchema,
      content: v.pipe(v.string(), v.minLength(1), v.maxLength(1000)),
      special: v.optional(v.boolean(), false),
      lstrip: v.optional(v.literal(false)),
      rstrip: v.optional(v.literal(false)),
    }),
  ),
  [],
);
/** Older files join the two parts with a space. */
export const mergeSchema = v.union([
  v.pipe(v.string(), v.regex(/^[^ ]+ [^ ]+$/)),
  v.strictTuple([v.string(), v.string()]),
]);
const schema = v.looseObject({
  added_tokens: addedTokens,
  normalizer: v.nullish(v.null()),
  pre_tokenizer: v.union([
    byteLevel,
    v.object({
      type: v.literal('Sequence'),
      pretokenizers: v.pipe(v.array(splitting), v.maxLength(maxSplits)),
    }),
  ]),
  decoder: v.looseObject({ type: v.literal('ByteLevel') }),
  model: v.looseObject({
    type: v.literal('BPE'),
    vocab: v.record(v.string(), idSchema),
    merges: v.array(mergeSchema),
    continuing_subword_prefix: v.nullish(v.literal('')),
    end_of_word_suffix: v.nullish(v.literal('')),
    dropout: v.nullish(v.null()),
  }),
});

/** Checks and parses the JSON of a tokenizer.json. Throws `tokenizer.unsupported`. */
export function parseTokenizerJson(json: unknown): ParsedTokenizer {
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw unsupported([v.getDotPath(issue), issue.message].filter((part) => part !== null).join(': '));
  }
  const { added_tokens: added, model } = parsed.output;
  const missing = byteCharacters.findIndex((character) => !Object.hasOwn(model.vocab, character));
  if (missing >= 0) throw unsupported(`it has no token for the byte ${missing}`);
  const special = new Map(added.filter((token) => token.special).map(({ content, id }) => [content, id]));
  const ordinary = Object.entries(model.vocab).filter(([content]) => !special.has(content));
  const utf8 = new TextEncoder();
  const tokens: (Uint8Array<ArrayBuffer> | null)[] = [];
  const put = (token: number, bytes: Uint8Array<ArrayBuffer> | null) => {
    while (tokens.length <= token) tokens.push(null);
    tokens[token] = bytes;
  };
  for (const [content, token] of ordinary) put(token, bytesOf(content));
  for (const { content, id: token, special: isSpecial } of added)
    put(token, isSpecial ? null : utf8.encode(content));
  return {
    tokens,
    special,
    prefix: '',
    withoutSpecial: {
      ...parsed.output,
      // Taken from the file again, because the schema's result keeps only the checked fields of each step.
      pre_tokenizer: v.parse(v.looseObject({ pre_tokenizer: v.unknown() }), json).pre_tokenizer,
      normalizer: null,
      post_processor: null,
      added_tokens: added.filter((token) => !token.special),
      model: { ...model, vocab: Object.fromEntries(ordinary) },
    },
  };
}

const byteOf = new Map(byteCharacters.map((character, byte) => [character, byte]));

function bytesOf(content: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(content, (character) => {
    const byte = byteOf.get(character);
    if (byte === undefined) throw unsupported(`the token ${JSON.stringify(content)} is not made of bytes`);
    return byte;
  });
}

export function unsupported(why: string): TapestryError {
  return new TapestryError(
    'tokenizer.unsupported',
    `The tokenizer file cannot be used: ${why}.`,
    'Use a byte-level BPE like those of GPT-2 and Llama 3, or a SentencePiece BPE with byte fallback like that of Llama 2.',
  );
}

/** JSON with sorted keys, so that equal content gives equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
