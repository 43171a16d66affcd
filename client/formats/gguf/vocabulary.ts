import { encodeJson, parseJson } from '../json.ts';
import { isSentencePiece } from '../sentencepiece/tokenizer-json.ts';
import type { SpecialTokenNames, TokenizerFacts } from '../tokenizer-config.ts';
import { byteLevelJson, byteLevelPairs } from './byte-level-vocabulary.ts';
import { type Metadata, unsupported } from './metadata.ts';
import { pieceJson, piecePairs } from './piece-vocabulary.ts';
import type { GgufPair } from './writer.ts';

/**
 * The key-value pairs of a vocabulary; `size` is the number of the model's rows. Rows without a token are filled up with unused
 * ones. Throws `gguf.unsupported` if llama.cpp would split text differently.
 */
export function vocabularyPairs(tokenizer: TokenizerFacts, size: number): Record<string, GgufPair> {
  const json = parseJson(tokenizer.file);
  const text = (value: string): GgufPair => ({ type: 'string', value });
  const id = (value: number): GgufPair => ({ type: 'uint32', value });
  return {
    ...(isSentencePiece(json) ? piecePairs(json, size) : byteLevelPairs(json, size)),
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
  const tokens = pairs.texts('tokenizer.ggml.tokens');
  const read = { gpt2: byteLevelJson, llama: pieceJson }[model];
  if (read === undefined) throw unsupported(`its tokenizer is ${JSON.stringify(model.slice(0, 100))}`);
  return { file: encodeJson(read(pairs, tokens)), ...specialNames(pairs, tokens) };
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
