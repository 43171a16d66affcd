import { TapestryError } from '../errors.ts';
import {
  byteTokenizerJson,
  byteTokenizerNames,
  byteTokenizerSpecial,
} from '../formats/byte-tokenizer-files.ts';
import { plainTemplate, type TokenizerFacts } from '../formats/tokenizer-config.ts';
import { documentBegins, documentEnds, type TextBytes } from './text-bytes.ts';
import { type Tokens, WordTokens } from './tokens.ts';

/** Converts text to token ids and back. Text never becomes a special token; only `tokenize` inserts special tokens. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /** The token before each document. */
  readonly beginning: number;
  /** The token after each document. */
  readonly end: number;
  /** The token that fills the rest of a row after its text. */
  readonly padding: number;
  /** What is encoded before text that begins, or that follows a special token: a space in SentencePiece, nothing in others. */
  readonly prefix: '' | ' ';
  /** Encodes text as it is, without `prefix`: it continues what comes before. */
  encode(text: string): Uint32Array<ArrayBuffer>;
  /** Encodes documents, each between `beginning` and `end`. */
  tokenize(text: TextBytes): Promise<Tokens>;
  /** Special tokens have no text, and bytes that are not UTF-8 become U+FFFD. Throws `tokenizer.unknown-token`. */
  decode(tokens: Iterable<number>): string;
  /** Decodes token by token. The results of all `push` calls and of `flush` together equal `decode` of the same tokens. */
  stream(): TokenStream;
}

/** A tokenizer that a model's folder and a run's manifest can name. */
export type ModelTokenizer = Tokenizer & TokenizerFacts;

/** A text from its beginning: the token `beginning`, then the text after the tokenizer's prefix. */
export function encodeBeginning(
  { beginning, prefix, encode }: Pick<Tokenizer, 'beginning' | 'prefix' | 'encode'>,
  text: string,
): Uint32Array<ArrayBuffer> {
  const words = text === '' ? new Uint32Array(0) : encode(prefix + text);
  const tokens = new Uint32Array(1 + words.length);
  tokens[0] = beginning;
  tokens.set(words, 1);
  return tokens;
}

export interface TokenStream {
  /** The characters that `token` completes, often none. Throws `tokenizer.unknown-token`. */
  push(token: number): string;
  /** The decoding of an unfinished character at the end. */
  flush(): string;
}

/** Number of characters to encode before yielding to other work of this thread. */
const turn = 2 ** 18;

/** Implements `Tokenizer.tokenize` with `encode`. It yields to the event loop during a long text, so that heartbeats are sent. */
export async function encodeDocuments(
  text: TextBytes,
  { beginning, end, prefix, encode }: Pick<Tokenizer, 'beginning' | 'end' | 'prefix' | 'encode'>,
): Promise<Tokens> {
  const tokens = new WordTokens();
  let characters = 0;
  for (const piece of text.pieces()) {
    if (piece.begins) tokens.push(beginning);
    tokens.append(encode(piece.begins && piece.text !== '' ? prefix + piece.text : piece.text));
    if (piece.ends) tokens.push(end);
    characters += piece.text.length;
    if (characters < turn) continue;
    characters = 0;
    await new Promise((resolve) => setTimeout(resolve));
  }
  return tokens;
}

/** Decoding of tokens that are bytes of UTF-8. `bytesOf` returns a token's bytes, or null for a special token, or throws. */
export function textDecoding(
  bytesOf: (token: number) => Uint8Array<ArrayBuffer> | null,
): Pick<Tokenizer, 'decode' | 'stream'> {
  const stream = (): TokenStream => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      // A special token ends an unfinished character before it, which becomes U+FFFD.
      push: (token) => {
        const bytes = bytesOf(token);
        return bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true });
      },
      flush: () => decoder.decode(),
    };
  };
  return {
    stream,
    decode(tokens) {
      const { push, flush } = stream();
      return Array.from(tokens, push).join('') + flush();
    },
  };
}

const byteValues = 256;
const [beginning, end, padding] = [256, 257, 258];
const vocabularySize = 260;
const encoder = new TextEncoder();

/**
 * The tokens 0 to 255 are bytes of UTF-8; 256 begins a document, 257 ends it, 258 pads, and 259 is reserved to make the
 * vocabulary a multiple of four. Lone surrogates, which UTF-8 cannot hold, are encoded as U+FFFD.
 */
export const byteTokenizer: ModelTokenizer = {
  vocabularySize,
  beginning,
  end,
  padding,
  prefix: '',
  kind: 'bytes',
  names: byteTokenizerNames,
  special: byteTokenizerSpecial,
  chatTemplate: plainTemplate,
  file: encoder.encode(JSON.stringify(byteTokenizerJson())),
  encode: (text) => new Uint32Array(encoder.encode(text)),
  tokenize: async (text) => new ByteTokens(text),
  ...textDecoding((token) => {
    if (Number.isInteger(token) && token >= 0 && token < vocabularySize)
      return token < byteValues ? Uint8Array.of(token) : null;
    throw new TapestryError(
      'tokenizer.unknown-token',
      `${token} is not a token of the byte tokenizer (0 to ${vocabularySize - 1}).`,
      'Use the tokenizer that the model was trained with.',
    );
  }),
};

/** Reads the bytes of the text as tokens, without another copy in memory. */
class ByteTokens implements Tokens {
  readonly #text: TextBytes;

  constructor(text: TextBytes) {
    this.#text = text;
  }

  get length(): number {
    return this.#text.length;
  }

  copy(start: number, into: Uint32Array): void {
    let place = 0;
    for (const view of this.#text.views(start, start + into.length))
      for (const byte of view)
        into[place++] = byte === documentBegins ? beginning : byte === documentEnds ? end : byte;
  }

  hash(): string {
    return this.#text.hash();
  }
}
