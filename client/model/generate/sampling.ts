import { TapestryError } from '../../errors.ts';
import type { Random } from '../../random.ts';

/** How the next token is chosen from the logits: temperature, then top-k, then top-p among the tokens that top-k keeps. */
export interface Sampling {
  /** 0 takes the likeliest token (greedy); 1 samples the model's own distribution. */
  readonly temperature: number;
  /** Samples only among the k likeliest tokens. */
  readonly topK?: number;
  /** Samples among the fewest tokens with this total probability (nucleus; Holtzman et al. 2020, arXiv 1904.09751). */
  readonly topP?: number;
}

/** Throws TapestryError `generate.bad-option` unless all settings are in range. */
export function checkSampling({ temperature, topK, topP }: Sampling): void {
  const refuse = (message: string, next: string) => new TapestryError('generate.bad-option', message, next);
  if (!(Number.isFinite(temperature) && temperature >= 0)) {
    throw refuse(
      `The temperature ${temperature} has no meaning.`,
      'Give 0 for greedy, or a positive number.',
    );
  }
  if (topK !== undefined && !(Number.isSafeInteger(topK) && topK >= 1)) {
    throw refuse(`The ${topK} likeliest tokens cannot be chosen from.`, 'Give a whole number, 1 or more.');
  }
  if (topP !== undefined && !(topP > 0 && topP <= 1)) {
    throw refuse(`No tokens have the probability ${topP} together.`, 'Give a number above 0, 1 at most.');
  }
}

/**
 * Draws a token. Ties go to the lower id, so the same logits and random state give the same token. Greedy sampling draws no
 * number from `random`, any other sampling draws one. Throws TapestryError `generate.not-finite` if a logit is not finite.
 */
export function sampleToken(logits: Float32Array, sampling: Sampling, random: Random): number {
  const greatest = logits.reduce((a, b) => Math.max(a, b));
  if (!Number.isFinite(greatest)) {
    throw new TapestryError(
      'generate.not-finite',
      "The model's logits are not finite: its weights are broken.",
      'Use another base, and verify the run that this one came from.',
    );
  }
  const { temperature } = sampling;
  if (temperature === 0) return logits.indexOf(greatest);
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - greatest) / temperature));
  const tokens = candidates(logits, weights, sampling);
  const weight = (token: number | undefined) => weights[token ?? -1] ?? Number.NaN;
  let left = random.uniform() * tokens.reduce((sum, token) => sum + weight(token), 0);
  const drawn = tokens.find((token) => {
    left -= weight(token);
    return left < 0;
  });
  return drawn ?? logits.indexOf(greatest); // only rounding can leave a remainder
}

/** The tokens to draw from: all of them, or the likeliest, in descending order. */
function candidates(logits: Float32Array, weights: Float64Array, { topK, topP }: Sampling): Uint32Array {
  const tokens = Uint32Array.from(logits.keys());
  if (topK === undefined && topP === undefined) return tokens;
  const at = (values: ArrayLike<number>, token: number) => values[token] ?? Number.NaN;
  // Sorted by logits, not by weights: different logits can round to the same weight.
  const likeliest = tokens.sort((a, b) => at(logits, b) - at(logits, a) || a - b).subarray(0, topK);
  if (topP === undefined) return likeliest;
  const enough = topP * likeliest.reduce((sum, token) => sum + at(weights, token), 0);
  let sum = 0;
  const last = likeliest.findIndex((token) => {
    sum += at(weights, token);
    return sum >= enough;
  });
  return last < 0 ? likeliest : likeliest.subarray(0, last + 1);
}
