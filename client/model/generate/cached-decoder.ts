import type { ModelAdapter } from '../adapter/model-adapter.ts';
import type { ModelConfig } from '../config.ts';

/** Tokens to append to a sequence; at least one. */
export interface Addition {
  readonly sequence: number;
  readonly tokens: readonly number[];
}

/**
 * A model that reads several sequences in parallel and caches the keys and values of their tokens (a KV cache), so that each
 * new token costs one pass over the parameters.
 */
export interface CachedDecoder {
  readonly config: ModelConfig;
  /** Number of sequences; they are numbered from 0. */
  readonly sequences: number;
  /** Number of tokens in a sequence; at most `config.contextLength`. */
  lengthOf(sequence: number): number;
  /** Empties a sequence. */
  clear(sequence: number): void;
  /**
   * Empties a sequence except for the first of `tokens` that it holds, and returns how many these are: fewer than `tokens`, as
   * the last gives the logits. Appending the rest gives the same bits as reading all of `tokens` in an empty sequence.
   */
  rewind(sequence: number, tokens: readonly number[]): number;
  /**
   * Uses another of the adapters that were loaded, or none, from the next call of `append` on. It clears all sequences, because
   * their keys and values are those of another model. Throws RangeError for an adapter that was not loaded.
   */
  useAdapter(name: string | null): void;
  /**
   * Appends each addition to its own sequence, and resolves to the logits (vocabulary) after the last token of each. The
   * logits are valid until the next call. One call at a time. If aborted, it rejects with the signal's reason, and the content
   * of the sequences is unknown until they are cleared. Rejects with RangeError for a token outside the vocabulary, or if the
   * context has no room for the tokens.
   */
  append(additions: readonly Addition[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
  /** Frees memory that the garbage collector does not manage. */
  close(): void;
}

/** The adapters that a decoder loads beside its model, by name. It begins without one. */
export type LoadedAdapters = ReadonlyMap<string, ModelAdapter>;

/** Throws RangeError for an adapter that was not loaded. */
export function checkAdapter(name: string | null, loaded: ReadonlyMap<string, unknown>): void {
  if (name !== null && !loaded.has(name))
    throw new RangeError(
      `${name} is not one of the loaded adapters: ${[...loaded.keys()].join(', ') || 'none'}`,
    );
}

/** Checks that all decoders share. Throws RangeError for unknown tokens, empty additions and a full context. */
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
