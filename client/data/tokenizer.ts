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
  /** Special tokens have no text, and bytes that are not UTF-8 become U+FFFD. Throws `tokenizer.unknown-token`. */
  decode(tokens: Iterable<number>): string;
  /** Decodes token by token: all that is pushed, then flushed, is what `decode` gives for the same tokens. */
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
const newDecoder = () => new TextDecoder('utf-8', { ignoreBOM: true });

function isByte(token: number): boolean {
  if (Number.isInteger(token) && token >= 0 && token < vocabularySize) return token < byteValues;
  throw new TapestryError(
    'tokenizer.unknown-token',
    `${token} is not a token of the byte tokenizer (0 to ${vocabularySize - 1}).`,
    'Use the tokenizer that the model was trained with.',
  );
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
    const decoder = newDecoder();
    let text = '';
    let run: number[] = [];
    for (const token of tokens) {
      if (isByte(token)) {
        run.push(token);
      } else {
        text += decoder.decode(Uint8Array.from(run));
        run = [];
      }
    }
    return text + decoder.decode(Uint8Array.from(run));
  },
  stream() {
    const decoder = newDecoder();
    return {
      // A special token is never inside a character: what was unfinished before it stays unfinished.
      push: (token) =>
        isByte(token) ? decoder.decode(Uint8Array.of(token), { stream: true }) : decoder.decode(),
      flush: () => decoder.decode(),
    };
  },
};
