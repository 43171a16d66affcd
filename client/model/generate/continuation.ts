import { encodeBeginning, type Tokenizer } from '../../data/tokenizer.ts';
import type { Random } from '../../random.ts';
import type { CachedDecoder } from './cached-decoder.ts';
import { generate, type Piece } from './generate.ts';

/** A text to continue. */
export interface Beginning {
  readonly text: string;
  /** Used by this text alone. */
  readonly random: Random;
}

export interface ContinuationOptions {
  readonly maxTokens: number;
  /** If aborted, writing rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Continues texts as a run shows what its bases write. Its dashboard and its nodes sample alike, so that their texts compare.
 * @throws the errors of `generate`
 */
export function continueTexts(
  decoder: CachedDecoder,
  tokenizer: Tokenizer,
  beginnings: readonly Beginning[],
  { maxTokens, signal }: ContinuationOptions,
): AsyncGenerator<Piece, void, void> {
  return generate(
    decoder,
    beginnings.map(({ text, random }) => ({ tokens: [...encodeBeginning(tokenizer, text)], random })),
    {
      tokenizer,
      maxTokens,
      temperature: 0.7,
      topK: 40,
      stopTokens: [tokenizer.end],
      ...(signal && { signal }),
    },
  );
}
