import { TapestryError } from '../errors.ts';

/** Turns text into token ids and back. Text never becomes a special token: only the corpus puts those in. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /** Stands before each document. */
  readonly beginning: number;
  /** Stands after each document. */
  readonly end: number;
  /** Fills what no document fills. */
  readonly padding: number;
  encode(text: string): Uint32Array<ArrayBuffer>;
  /** The text of `tokens`; special tokens have none, and bytes that are not UTF-8 become U+FFFD. */
  decode(tokens: Iterable<number>): string;
  /** Decodes token by token: everything pushed, then flushed, is what `decode` gives for the same tokens. */
  stream(): TokenStream;
}

export interface TokenStream {
  /** The characters that `token` completes, often none. Throws `tokenizer.unknown-token`. */
  push(token: number): string;
  /** What an unfinished character at the end decodes to. */
  flush(): string;
}

const byteValues = 256;
const vocabularySize = 260;
const encoder = new TextEncoder();

function byteStream(): TokenStream {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push(token) {
      if (!Number.isInteger(token) || token < 0 || token >= vocabularySize)
        throw new TapestryError(
          'tokenizer.unknown-token',
          `${token} is not a token of the byte tokenizer (0 to ${vocabularySize - 1}).`,
          'Use the tokenizer that the model was trained with.',
        );
      // A special token is never inside a character: what was unfinished before it stays unfinished.
      return token < byteValues ? decoder.decode(Uint8Array.of(token), { stream: true }) : decoder.decode();
    },
    flush: () => decoder.decode(),
  };
}

/**
 * UTF-8 bytes are the tokens 0 to 255; 256 begins a document, 257 ends it, 258 pads, 259 is reserved (it makes the
 * vocabulary a multiple of four). Lone surrogates, which UTF-8 cannot hold, are encoded as U+FFFD.
 */
export const byteTokenizer: Tokenizer = {
  vocabularySize,
  beginning: 256,
  end: 257,
  padding: 258,
  encode: (text) => new Uint32Array(encoder.encode(text)),
  decode(tokens) {
    const stream = byteStream();
    let text = '';
    for (const token of tokens) text += stream.push(token);
    return text + stream.flush();
  },
  stream: byteStream,
};
