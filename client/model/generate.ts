import { TapestryError } from '../errors.ts';
import type { Random } from '../random.ts';
import { CachedDecoder } from './cached-decoder.ts';
import type { ModelConfig } from './config.ts';
import type { ParameterLayout } from './parameters.ts';

export interface GenerateOptions {
  /** At least one token; of a longer one than the context, the end counts. */
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  /** 0 takes the likeliest token (greedy); 1 samples the model's own distribution. */
  readonly temperature: number;
  /** Samples among the k likeliest only. */
  readonly topK?: number;
  readonly random: Random;
  /** Generation ends before this token, which is not yielded. */
  readonly stop?: number;
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Multiplications between two turns of the event loop: about 4 ms of work. */
const multiplicationsATurn = 4_000_000;

/**
 * Continues a prompt, token by token, in float32 on the CPU. Past the context's end it goes on from the last half of the
 * context. Other tasks of the event loop run meanwhile. Throws `generate.bad-option`, and `generate.not-finite` when the
 * model's weights do not give finite logits.
 */
export async function* generate(
  config: ModelConfig,
  layout: ParameterLayout,
  parameters: Float32Array,
  options: GenerateOptions,
): AsyncGenerator<number, void, void> {
  checkOptions(options, config);
  const { maxTokens, stop, signal } = options;
  const decoder = new CachedDecoder(config, layout, parameters);
  const tokens = options.prompt.slice(-config.contextLength);
  let pending = tokens.slice();
  let sinceTurn = 0;

  for (let made = 0; made < maxTokens; made++) {
    if (decoder.length + pending.length > config.contextLength) {
      decoder.clear();
      pending = tokens.slice(-Math.ceil(config.contextLength / 2));
    }
    for (const [index, token] of pending.entries()) {
      for (const multiplications of decoder.append(token, index === pending.length - 1)) {
        sinceTurn += multiplications;
        if (sinceTurn < multiplicationsATurn) continue;
        sinceTurn = 0;
        await eventLoopTurn();
        signal?.throwIfAborted();
      }
    }
    signal?.throwIfAborted();
    const token = sample(decoder.logits, options);
    if (token === stop) return;
    tokens.push(token);
    pending = [token];
    yield token;
  }
}

function checkOptions(options: GenerateOptions, config: ModelConfig): void {
  const { prompt, maxTokens, temperature, topK } = options;
  const refuse = (message: string, next: string) => new TapestryError('generate.bad-option', message, next);
  if (prompt.length === 0) {
    throw refuse('The prompt has no tokens.', "Give at least one, for example the tokenizer's beginning.");
  }
  const unknown = prompt.find(
    (token) => !(Number.isInteger(token) && token >= 0 && token < config.vocabularySize),
  );
  if (unknown !== undefined) {
    throw refuse(
      `The prompt's token ${unknown} is not in the model's vocabulary of ${config.vocabularySize}.`,
      'Use the tokenizer that the model was trained with.',
    );
  }
  if (!(Number.isSafeInteger(maxTokens) && maxTokens >= 0)) {
    throw refuse(`${maxTokens} tokens cannot be generated.`, 'Give a whole number of tokens, 0 or more.');
  }
  if (!(Number.isFinite(temperature) && temperature >= 0)) {
    throw refuse(
      `The temperature ${temperature} has no meaning.`,
      'Give 0 for greedy, or a positive number.',
    );
  }
  if (topK !== undefined && !(Number.isSafeInteger(topK) && topK >= 1)) {
    throw refuse(`The ${topK} likeliest tokens cannot be chosen from.`, 'Give a whole number, 1 or more.');
  }
}

/** Lets timers, sockets and rendering have their turn. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Draws a token; ties go to the lower id, so the same logits and random state give the same token. */
function sample(logits: Float32Array, options: GenerateOptions): number {
  const at = (token: number) => logits[token] ?? Number.NaN;
  const greatest = logits.reduce((a, b) => Math.max(a, b));
  if (!Number.isFinite(greatest)) {
    throw new TapestryError(
      'generate.not-finite',
      "The model's logits are not finite: its weights are broken.",
      'Use another base, and verify the run that this one came from.',
    );
  }
  const { temperature, topK, random } = options;
  if (temperature === 0) return logits.indexOf(greatest);
  let candidates = Array.from(logits.keys());
  if (topK !== undefined) candidates = candidates.sort((a, b) => at(b) - at(a) || a - b).slice(0, topK);
  const weights = candidates.map((token) => Math.exp((at(token) - greatest) / temperature));
  let left = random.uniform() * weights.reduce((a, b) => a + b);
  const drawn = candidates.find((_, i) => {
    left -= weights[i] ?? 0;
    return left < 0;
  });
  return drawn ?? logits.indexOf(greatest); // rounding alone can leave a remainder
}
