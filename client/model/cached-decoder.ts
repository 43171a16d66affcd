import type { ModelConfig } from './config.ts';

/** Tokens that follow what a sequence holds; at least one. */
export interface Addition {
  readonly sequence: number;
  readonly tokens: readonly number[];
}

/**
 * A model that reads some sequences side by side and keeps the keys and values of what it has read (a KV cache), so that
 * a token costs one pass over the parameters and not one for each token before it.
 */
export interface CachedDecoder {
  readonly config: ModelConfig;
  /** How many sequences it holds; they are numbered from 0. */
  readonly sequences: number;
  /** Tokens that a sequence holds; at most `config.contextLength`. */
  lengthOf(sequence: number): number;
  /** Empties a sequence. */
  clear(sequence: number): void;
  /**
   * Reads the additions, each to a sequence of its own, and gives the logits (vocabulary) after the last token of each,
   * valid until the next call. One call at a time. Rejects with the signal's reason once it is aborted: then what the
   * sequences hold is unknown until they are cleared. Rejects with RangeError for a token outside the vocabulary, or
   * more tokens than the context has room for.
   */
  append(additions: readonly Addition[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
  /** Frees what it holds outside JavaScript's memory. */
  close(): void;
}

/** What every decoder refuses. */
export function checkAdditions(decoder: CachedDecoder, additions: readonly Addition[]): void {
  const { vocabularySize, contextLength } = decoder.config;
  for (const { sequence, tokens } of additions) {
    const unknown = tokens.find(
      (token) => !(Number.isInteger(token) && token >= 0 && token < vocabularySize),
    );
    if (unknown !== undefined)
      throw new RangeError(`${unknown} is not a token of a vocabulary of ${vocabularySize}`);
    if (tokens.length === 0) throw new RangeError('an addition has no tokens');
    if (decoder.lengthOf(sequence) + tokens.length > contextLength)
      throw new RangeError(`the context of ${contextLength} tokens is full`);
  }
}
