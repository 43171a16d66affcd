import type { GgufPair } from './writer.ts';

/** `tokenizer.ggml.token_type` of llama.cpp. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** The tokens of a vocabulary of `size`, by their ids. Rows without a token are unused. */
export class TokenTable {
  readonly #tokens: string[];
  readonly #types: number[];

  constructor(size: number) {
    this.#tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
    this.#types = new Array<number>(size).fill(tokenTypes.unused);
  }

  put(token: string, id: number, type: number): void {
    this.#tokens[id] = token;
    this.#types[id] = type;
  }

  pairs(): Record<string, GgufPair> {
    return {
      'tokenizer.ggml.tokens': { type: 'strings', value: this.#tokens },
      'tokenizer.ggml.token_type': { type: 'int32s', value: this.#types },
    };
  }
}
