import * as v from 'valibot';
import { byteLevelModel } from '../byte-level.ts';
import { encodeJson, parseJson } from '../json.ts';
import type { SpecialTokenNames, TokenizerFacts } from '../tokenizer-config.ts';
import { type Metadata, unsupported } from './metadata.ts';
import { preTokenizerName, preTokenizerOf } from './pre-tokenizers.ts';
import type { GgufPair } from './writer.ts';

/** `tokenizer.ggml.token_type` of llama.cpp. */
const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

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

/**
 * The key-value pairs of a byte-level BPE; `size` is the number of the model's rows. Rows without a token are filled up with
 * unused ones. Throws `gguf.unsupported` if llama.cpp would split text differently.
 */
export function vocabularyPairs(tokenizer: TokenizerFacts, size: number): Record<string, GgufPair> {
  const file = v.parse(fileSchema, parseJson(tokenizer.file));
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(size).fill(tokenTypes.unused);
  const put = (token: string, id: number, type: number) => {
    tokens[id] = token;
    types[id] = type;
  };
  for (const [token, id] of Object.entries(file.model.vocab)) put(token, id, tokenTypes.normal);
  for (const { content, id, special } of file.added_tokens)
    put(content, id, special ? tokenTypes.control : tokenTypes.userDefined);
  const { merges } = file.model;
  const pre = preTokenizerName(file.pre_tokenizer);
  // Without merges every byte is a token, wherever text is split.
  if (pre === null && merges.length > 0)
    throw unsupported('llama.cpp has no name for how its tokenizer splits text');
  const text = (value: string): GgufPair => ({ type: 'string', value });
  const id = (value: number): GgufPair => ({ type: 'uint32', value });
  return {
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text(pre ?? 'gpt-2'),
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
    'tokenizer.ggml.token_type': { type: 'int32s', value: types },
    'tokenizer.ggml.merges': {
      type: 'strings',
      value: merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
    },
    'tokenizer.ggml.bos_token_id': id(tokenizer.beginning),
    'tokenizer.ggml.eos_token_id': id(tokenizer.end),
    'tokenizer.ggml.padding_token_id': id(tokenizer.padding),
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
    'tokenizer.chat_template': text(tokenizer.chatTemplate),
  };
}

/** The files' content of a vocabulary. */
export interface Vocabulary {
  /** A tokenizer.json. */
  readonly file: Uint8Array<ArrayBuffer>;
  readonly names: Partial<SpecialTokenNames>;
  readonly chatTemplate: string | undefined;
}

/** Reads a vocabulary as a tokenizer.json. Throws `gguf.bad-file` or `gguf.unsupported`. */
export function parseVocabulary(pairs: Metadata): Vocabulary {
  const model = pairs.text('tokenizer.ggml.model');
  if (model !== 'gpt2') throw unsupported(`its tokenizer is ${JSON.stringify(model.slice(0, 100))}`);
  const tokens = pairs.texts('tokenizer.ggml.tokens');
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
    file: encodeJson({
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
    }),
    ...specialNames(pairs, tokens),
  };
}

function specialNames(
  pairs: Metadata,
  tokens: readonly string[],
): Pick<Vocabulary, 'names' | 'chatTemplate'> {
  const nameOf = (key: string) => tokens[pairs.token(`tokenizer.ggml.${key}_token_id`) ?? -1];
  const [beginning, end, padding] = [nameOf('bos'), nameOf('eos'), nameOf('padding')];
  return {
    names: {
      ...(beginning === undefined ? {} : { beginning }),
      ...(end === undefined ? {} : { end }),
      ...(padding === undefined ? {} : { padding }),
    },
    chatTemplate: pairs.has('tokenizer.chat_template') ? pairs.text('tokenizer.chat_template') : undefined,
  };
}
