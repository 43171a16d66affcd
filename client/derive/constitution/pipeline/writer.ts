import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import type { CachedDecoder } from '../../../model/generate/cached-decoder.ts';
import { generate } from '../../../model/generate/generate.ts';
import { Random } from '../../../random.ts';
import { sha256Hex } from '../../../sha256.ts';
import { promptTokens } from '../../build/reinforce/prompts.ts';
import type { Turns } from '../../data/row.ts';
import { keyOf } from './rows.ts';

/** How a model writes. */
export interface Sampling {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
}

/** A text to be written: what is continued, and the number of the attempt, which gives other words. */
export interface Request {
  readonly prompt: Turns;
  readonly attempt: number;
  /** The text ends before any of these. */
  readonly stop?: readonly string[];
}

/** Writes continuations of prompts, in their order. */
export interface Writer {
  write(requests: readonly Request[], signal: AbortSignal): Promise<string[]>;
}

/**
 * A model that writes. The words of a request depend on the seed, its prompt and its attempt alone, so that a step that was
 * interrupted goes on with the same words. Requests that are written together have the same `stop`.
 */
export function modelWriter(decoder: CachedDecoder, tokenizer: ModelTokenizer, sampling: Sampling): Writer {
  return {
    async write(requests, signal) {
      const { maxTokens, temperature, seed } = sampling;
      const texts = requests.map(() => '');
      const asked = requests.map(({ prompt, attempt }) => ({
        tokens: [...promptTokens(prompt, tokenizer)],
        random: Random.seeded(seed, Number.parseInt(sha256Hex(keyOf(prompt, attempt)).slice(0, 8), 16)),
      }));
      const options = {
        ...{ tokenizer, maxTokens, temperature, signal },
        stopTokens: [tokenizer.end],
        stopStrings: requests[0]?.stop ?? [],
      };
      for await (const { prompt, text } of generate(decoder, asked, options)) texts[prompt] += text;
      return texts;
    },
  };
}
