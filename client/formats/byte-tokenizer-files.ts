import { byteCharacters, byteLevelModel } from './byte-level.ts';
import type { SpecialTokenNames } from './tokenizer-config.ts';

const specialNames = ['<|begin|>', '<|end|>', '<|pad|>', '<|reserved|>'] as const;
const [begin, end, pad] = specialNames;

/**
 * The tokenizer.json of the byte tokenizer: a byte-level BPE without merges. Its tokens 0 to 255 are the bytes, and its
 * last four are special. Hugging Face's tokenizers insert `<|begin|>` before a text.
 */
export function byteTokenizerJson(): Record<string, unknown> {
  const first = byteCharacters.length;
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const beginning = { SpecialToken: { id: begin, type_id: 0 } };
  const text = { Sequence: { id: 'A', type_id: 0 } };
  const tokens = [...byteCharacters, ...specialNames];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialNames.map((content, index) => ({
      id: first + index,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: 'TemplateProcessing',
      single: [beginning, text],
      pair: [beginning, text, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { [begin]: { id: begin, ids: [first], tokens: [begin] } },
    },
    decoder: byteLevel,
    model: byteLevelModel(Object.fromEntries(tokens.map((token, id) => [token, id])), [], false),
  };
}

export const byteTokenizerNames: SpecialTokenNames = { beginning: begin, end, padding: pad };

/** The ids of the byte tokenizer's special tokens. */
export const byteTokenizerSpecial: ReadonlyMap<string, number> = new Map(
  specialNames.map((name, index) => [name, byteCharacters.length + index]),
);
