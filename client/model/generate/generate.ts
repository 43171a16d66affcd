import type { Tokenizer, TokenStream } from '../../data/tokenizer.ts';
import { TapestryError } from '../../errors.ts';
import type { Random } from '../../random.ts';
import type { ModelConfig } from '../config.ts';
import type { Addition, CachedDecoder } from './cached-decoder.ts';
import { checkSampling, type Sampling, sampleToken } from './sampling.ts';
import { StopStrings } from './stop-strings.ts';

/** Decides which text may be shown. It may hold some back until more has come. */
export interface TextGuard {
  /** Takes the next text. Returns what may be shown now; `stop` is true if the rest may not be. */
  push(text: string): { readonly text: string; readonly stop: boolean };
  /** The text has ended. */
  end(): { readonly text: string; readonly stop: boolean };
}

export interface Prompt {
  /** At least one. If there are more than the context holds, only the last ones are read. */
  readonly tokens: readonly number[];
  /** Used by this prompt alone, so that its text does not depend on the other prompts. */
  readonly random: Random;
  /** The continuation ends before text that this guard does not let through. Used by this prompt alone. */
  readonly guard?: TextGuard;
}

export interface GenerateOptions extends Sampling {
  readonly tokenizer: Pick<Tokenizer, 'stream'>;
  /** Maximum number of new tokens for each prompt. */
  readonly maxTokens: number;
  /** The text ends before any of these tokens. */
  readonly stopTokens?: readonly number[];
  /** The text ends before any of these strings, also if a string is split over several tokens. */
  readonly stopStrings?: readonly string[];
  /**
   * True if a prompt may go on from those of its first tokens that its sequence holds from the call before; the decoder's model must
   * not have changed since. The text is the same.
   */
  readonly reusesPrefix?: boolean;
  /** If aborted, generation rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A token of one prompt's continuation. */
export interface Piece {
  /** The prompt's index. */
  readonly prompt: number;
  readonly token: number;
  /** The text that is now certain. Often empty: the possible beginning of a stop string or of a character is held back. */
  readonly text: string;
  /** Set on a prompt's first piece with `reusesPrefix`: how many of its tokens were not read again. */
  readonly reused?: number;
  /**
   * Set on a prompt's last piece: it ended by a stop token or stop string ('stop'), by `maxTokens` ('length'), or by the prompt's
   * guard ('protected').
   */
  readonly end?: 'stop' | 'length' | 'protected';
}

/**
 * Continues prompts, as many at a time as the decoder has sequences. It generates one token of each in turn; when a prompt
 * ends, the next one takes its sequence. When the context is full, a continuation is resumed from the last half of the context.
 * Clears the decoder's sequences first, unless it reuses what they hold. Throws TapestryError `generate.bad-option`, and `generate.not-finite` if the model's
 * logits are not finite.
 */
export async function* generate(
  decoder: CachedDecoder,
  prompts: readonly Prompt[],
  options: GenerateOptions,
): AsyncGenerator<Piece, void, void> {
  checkOptions(prompts, options, decoder.config);
  if (options.maxTokens === 0) return;
  const waiting = [...prompts.entries()];
  const free = Array.from({ length: decoder.sequences }, (_, sequence) => sequence);
  let active: Continuation[] = [];
  for (;;) {
    active.push(
      ...waiting.splice(0, free.length).map(([index, prompt]) => {
        const sequence = free.shift() ?? 0;
        if (!options.reusesPrefix) decoder.clear(sequence);
        return new Continuation(index, prompt, sequence, options);
      }),
    );
    if (active.length === 0) return;
    const additions = active.map((continuation) => continuation.addition(decoder));
    const logits = await decoder.append(additions, options.signal).catch((error: unknown) => {
      for (const { sequence } of active) decoder.clear(sequence);
      throw error;
    });
    options.signal?.throwIfAborted();
    const going: Continuation[] = [];
    for (const [i, continuation] of active.entries()) {
      const piece = continuation.next(logits[i] ?? new Float32Array());
      if (piece.end === undefined) going.push(continuation);
      else free.push(continuation.sequence);
      yield piece;
    }
    active = going;
  }
}

/** A prompt that is being continued in a sequence of the decoder. */
class Continuation {
  readonly sequence: number;
  readonly #index: number;
  readonly #prompt: Prompt;
  readonly #options: GenerateOptions;
  readonly #stream: TokenStream;
  readonly #stops: StopStrings;
  readonly #tokens: number[];
  #pending: readonly number[];
  #made = 0;
  #reused = 0;

  constructor(index: number, prompt: Prompt, sequence: number, options: GenerateOptions) {
    this.sequence = sequence;
    this.#index = index;
    this.#prompt = prompt;
    this.#options = options;
    this.#stream = options.tokenizer.stream();
    this.#stops = new StopStrings(options.stopStrings ?? []);
    this.#tokens = [...prompt.tokens];
    this.#pending = this.#tokens;
  }

  /** The tokens that the decoder must read before the next token. */
  addition(decoder: CachedDecoder): Addition {
    const { contextLength } = decoder.config;
    if (this.#made === 0) {
      const read = this.#tokens.slice(-contextLength);
      if (this.#options.reusesPrefix) this.#reused = decoder.rewind(this.sequence, read);
      this.#pending = read.slice(this.#reused);
    } else if (decoder.lengthOf(this.sequence) === contextLength) {
      decoder.clear(this.sequence);
      this.#pending = this.#tokens.slice(-Math.ceil(contextLength / 2));
    }
    return { sequence: this.sequence, tokens: this.#pending };
  }

  /** Draws the next token from the logits that follow all tokens before it. */
  next(logits: Float32Array): Piece {
    const { maxTokens, stopTokens } = this.#options;
    const token = sampleToken(logits, this.#options, this.#prompt.random);
    this.#tokens.push(token);
    this.#pending = [token];
    this.#made++;
    const first = this.#made === 1 && this.#options.reusesPrefix === true;
    const piece = { prompt: this.#index, token, ...(first && { reused: this.#reused }) };
    if (stopTokens?.includes(token)) return this.#guarded({ ...piece, text: this.#rest(), end: 'stop' });
    const text = this.#stops.push(this.#stream.push(token));
    if (this.#stops.found) return this.#guarded({ ...piece, text, end: 'stop' });
    if (this.#made === maxTokens)
      return this.#guarded({ ...piece, text: text + this.#rest(), end: 'length' });
    return this.#guarded({ ...piece, text });
  }

  /** The piece with the text that may be shown, and the end if nothing after it may. */
  #guarded(piece: Piece): Piece {
    const { guard } = this.#prompt;
    if (guard === undefined) return piece;
    const shown = guard.push(piece.text);
    if (shown.stop) return { ...piece, text: shown.text, end: 'protected' };
    if (piece.end === undefined) return { ...piece, text: shown.text };
    const last = guard.end();
    const text = shown.text + last.text;
    return last.stop ? { ...piece, text, end: 'protected' } : { ...piece, text };
  }

  #rest(): string {
    return this.#stops.push(this.#stream.flush()) + this.#stops.flush();
  }
}

function checkOptions(prompts: readonly Prompt[], options: GenerateOptions, config: ModelConfig): void {
  const { maxTokens, stopStrings } = options;
  const refuse = (message: string, next: string) => new TapestryError('generate.bad-option', message, next);
  for (const { tokens } of prompts) {
    if (tokens.length === 0) {
      throw refuse('A prompt has no tokens.', "Give at least one, for example the tokenizer's beginning.");
    }
    const unknown = tokens.find(
      (token) => !(Number.isInteger(token) && token >= 0 && token < config.vocabularySize),
    );
    if (unknown !== undefined) {
      throw refuse(
        `The prompt's token ${unknown} is not in the model's vocabulary of ${config.vocabularySize}.`,
        'Use the tokenizer that the model was trained with.',
      );
    }
  }
  if (!(Number.isSafeInteger(maxTokens) && maxTokens >= 0)) {
    throw refuse(`${maxTokens} tokens cannot be generated.`, 'Give a whole number of tokens, 0 or more.');
  }
  if (stopStrings?.includes('')) {
    throw refuse('A stop string is empty.', 'Give at least one character, or no stop string.');
  }
  checkSampling(options);
}
