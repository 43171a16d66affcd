import { Tokenizer as FileEncoder } from '@huggingface/tokenizers';
import { TapestryError } from '../errors.ts';
import { byteCharacters } from '../formats/byte-level.ts';
import { byteTokenizerJson } from '../formats/byte-tokenizer-files.ts';
import { parseJson } from '../formats/json.ts';
import { isSentencePiece, parseSentencePiece } from '../formats/sentencepiece/tokenizer-json.ts';
import { chatMl, type SpecialTokenNames } from '../formats/tokenizer-config.ts';
import {
  canonical,
  type ParsedTokenizer,
  parseTokenizerJson,
  unsupported,
} from '../formats/tokenizer-json.ts';
import { byteTokenizer, encodeDocuments, type ModelTokenizer, textDecoding } from './tokenizer.ts';

/** Usual names of special tokens in published models. The first name that a file has is used. */
const usualNames: { readonly [Name in keyof SpecialTokenNames]: readonly string[] } = {
  beginning: ['<|begin|>', '<|begin_of_text|>', '<s>', '<bos>', '<|startoftext|>', '<|endoftext|>'],
  end: ['<|end|>', '<|end_of_text|>', '</s>', '<eos>', '<|endoftext|>'],
  padding: ['<|pad|>', '<pad>', '[PAD]', '<|finetune_right_pad_id|>', '<|end|>', '</s>', '<|endoftext|>'],
};

export interface TokenizerFileOptions {
  /** Names of the special tokens. The usual names are tried for a token that is not named here. */
  readonly names?: Partial<SpecialTokenNames>;
  /** Rows of the model's embedding; by default as many as the file's tokens need. */
  readonly vocabularySize?: number;
  /** The Jinja template of chats; by default ChatML, and one turn a line for bytes. */
  readonly chatTemplate?: string | undefined;
}

/**
 * The tokenizer of a Hugging Face tokenizer.json. It must be a byte-level BPE, or a BPE of
 * SentencePiece with byte fallback, that decodes every text it encoded unchanged; only U+2581, SentencePiece's mark, becomes a space.
 * @throws TapestryError `tokenizer.bad-file`, `tokenizer.unsupported`, `tokenizer.no-special` or `tokenizer.too-large`
 */
export function tokenizerFromFile(
  file: Uint8Array<ArrayBuffer>,
  { names = {}, vocabularySize, chatTemplate }: TokenizerFileOptions = {},
): ModelTokenizer {
  const json = jsonOf(file);
  if (canonical(json) === canonical(byteTokenizerJson()))
    return chatTemplate === undefined || chatTemplate === byteTokenizer.chatTemplate
      ? byteTokenizer
      : { ...byteTokenizer, chatTemplate };
  const parsed = isSentencePiece(json) ? parseSentencePiece(json) : parseTokenizerJson(json);
  const special = specialTokens(parsed, names);
  const rows = vocabularySize ?? parsed.tokens.length;
  if (rows < parsed.tokens.length)
    throw new TapestryError(
      'tokenizer.too-large',
      `The tokenizer has ${parsed.tokens.length} tokens and the model ${rows}.`,
      'Use the tokenizer that the model was trained with.',
    );
  const encode = encoderOf(parsed);
  const tokenizer: ModelTokenizer = {
    ...special.tokens,
    kind: 'file',
    names: special.names,
    special: parsed.special,
    chatTemplate: chatTemplate ?? chatMl,
    file,
    vocabularySize: rows,
    prefix: parsed.prefix,
    encode,
    tokenize: (text) => encodeDocuments(text, { ...special.tokens, prefix: parsed.prefix, encode }),
    ...textDecoding((token) => {
      if (Number.isInteger(token) && token >= 0 && token < rows) return parsed.tokens[token] ?? null;
      throw new TapestryError(
        'tokenizer.unknown-token',
        `${token} is not a token of this tokenizer (0 to ${rows - 1}).`,
        'Use the tokenizer that the model was trained with.',
      );
    }),
  };
  refuseLossy(tokenizer, parsed);
  return tokenizer;
}

function jsonOf(file: Uint8Array): unknown {
  try {
    return parseJson(file);
  } catch (cause) {
    throw new TapestryError(
      'tokenizer.bad-file',
      `The tokenizer file is not JSON: ${cause instanceof Error ? cause.message : cause}.`,
      'Give the tokenizer.json of a model.',
      { cause },
    );
  }
}

function specialTokens({ special }: ParsedTokenizer, wanted: Partial<SpecialTokenNames>) {
  const find = (use: keyof SpecialTokenNames): readonly [string, number] => {
    const named = wanted[use];
    for (const name of named === undefined ? usualNames[use] : [named]) {
      const token = special.get(name);
      if (token !== undefined) return [name, token];
    }
    throw new TapestryError(
      'tokenizer.no-special',
      `The tokenizer has no special token for the ${use} of a text${named === undefined ? '' : ` named ${JSON.stringify(named)}`}.`,
      `Add one, named for example ${usualNames[use][0]}, to its added_tokens.`,
    );
  };
  const [beginning, end, padding] = [find('beginning'), find('end'), find('padding')];
  return {
    names: { beginning: beginning[0], end: end[0], padding: padding[0] },
    tokens: { beginning: beginning[1], end: end[1], padding: padding[1] },
  };
}

/** An encoder without the file's special tokens, so that text never becomes a special token. */
function encoderOf(parsed: ParsedTokenizer): (text: string) => Uint32Array<ArrayBuffer> {
  const encoder = new FileEncoder(parsed.withoutSpecial, {});
  return (text) =>
    text === ''
      ? new Uint32Array(0)
      : Uint32Array.from(encoder.encode(text.toWellFormed(), { add_special_tokens: false }).ids);
}

/** Refuses a tokenizer that does not preserve a test text of all bytes, white space and names of special tokens. */
function refuseLossy(tokenizer: ModelTokenizer, { special }: ParsedTokenizer): void {
  const specials = new Set(special.values());
  const probe = `  a  b\n\n\tç é e\u0301 漢字 😀 ${byteCharacters.join('')} ${[...special.keys()].join(' x')} 12345\r\n `;
  const tokens = tokenizer.encode(probe);
  if (tokens.some((token) => specials.has(token)))
    throw unsupported('it encodes ordinary text as special tokens');
  if (tokenizer.decode(tokens) !== probe) throw unsupported('it changes text that it encodes and decodes');
}
