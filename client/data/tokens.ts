import { Segments } from './segments.ts';

/** A body of text as tokens. Every token is a whole number below 2^32. */
export interface Tokens {
  readonly length: number;
  /** Fills `into` with the tokens from `start` on. At least `into.length` tokens must follow. */
  copy(start: number, into: Uint32Array): void;
  /** SHA-256 in hex of the tokens as stored in memory. Equal tokens of one tokenizer have equal hashes. */
  hash(): string;
}

/** Tokens as 32-bit words. */
export class WordTokens implements Tokens {
  readonly #words = new Segments((length) => new Uint32Array(length));

  static of(words: Uint32Array<ArrayBuffer>): WordTokens {
    const tokens = new WordTokens();
    tokens.append(words);
    return tokens;
  }

  get length(): number {
    return this.#words.length;
  }

  append(words: Uint32Array<ArrayBuffer>): void {
    this.#words.append(words);
  }

  push(word: number): void {
    this.#words.push(word);
  }

  copy(start: number, into: Uint32Array): void {
    let done = 0;
    for (const words of this.#words.views(start, start + into.length)) {
      into.set(words, done);
      done += words.length;
    }
  }

  hash(): string {
    return this.#words.hash();
  }
}
