import * as v from 'valibot';
import { byteLevelModel } from '../byte-level.ts';
import { type Metadata, unsupported } from './metadata.ts';
import { preTokenizerName, preTokenizerOf } from './pre-tokenizers.ts';
import { TokenTable, tokenTypes } from './token-types.ts';
import type { GgufPair } from './writer.ts';

const fileSchema = v.object({
  added_tokens: v.optional(
    v.array(v.object({ id: v.number(), content: v.string(), special: v.optional(v.boolean(), false) })),
    [],
  ),
  pre_tokenizer: v.unknown(),
  model: v.object({
    vocab: v.record(v.string(), v.number()),
    merges: v.array(v.union([v.string(), v.tuple([v.string(), v.string()])])),
  }),
});

/** The pairs of a byte-level BPE, which llama.cpp calls `gpt2`. Throws `gguf.unsupported`. */
export function byteLevelPairs(json: unknown, size: number): Record<string, GgufPair> {
  const file = v.parse(fileSchema, json);
  const table = new TokenTable(size);
  for (const [token, id] of Object.entries(file.model.vocab)) table.put(token, id, tokenTypes.normal);
  for (const { content, id, special } of file.added_tokens)
    table.put(content, id, special ? tokenTypes.control : tokenTypes.userDefined);
  const { merges } = file.model;
  const pre = preTokenizerName(file.pre_tokenizer);
  // Without merges every byte is a token, wherever text is split.
  if (pre === null && merges.length > 0)
    throw unsupported('llama.cpp has no name for how its tokenizer splits text');
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
    'tokenizer.ggml.pre': { type: 'string', value: pre ?? 'gpt-2' },
    ...table.pairs(),
    'tokenizer.ggml.merges': {
      type: 'strings',
      value: merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
    },
  };
}

/** The tokenizer.json of a byte-level BPE. Throws `gguf.bad-file` or `gguf.unsupported`. */
export function byteLevelJson(pairs: Metadata, tokens: readonly string[]): object {
  const types = pairs.numbers('tokenizer.ggml.token_type');
  const name = pairs.text('tokenizer.ggml.pre', 'gpt-2');
  const merges = pairs.texts('tokenizer.ggml.merges');
  const preTokenizer = preTokenizerOf(name);
  if (preTokenizer === null) throw unsupported(`its text is split by ${JSON.stringify(name.slice(0, 100))}`);
  const withType = (...wanted: readonly number[]) =>
    tokens.flatMap((content, id) =>
      wanted.includes(types[id] ?? tokenTypes.normal) ? [{ id, content }] : [],
    );
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: withType(tokenTypes.control, tokenTypes.unknown, tokenTypes.userDefined).map((token) => ({
      ...token,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: types[token.id] !== tokenTypes.userDefined,
    })),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: byteLevelModel(
      Object.fromEntries(withType(tokenTypes.normal).map(({ id, content }) => [content, id])),
      merges,
      name === 'llama-bpe' || name === 'llama3',
    ),
  };
}
