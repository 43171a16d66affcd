import { spreadOf, thresholdBetween } from './statistics.ts';

/** A matrix of the delta with a row for each token. */
export interface TokenRows {
  readonly values: Float32Array;
  readonly vocabulary: number;
  readonly width: number;
}

/** What an attacker makes of a delta: a score for each token, and the score above which it guesses that the text has the token. */
export interface TokenScores {
  readonly scores: Float64Array;
  readonly threshold: number;
}

/** An absent token's score is above this many deviations of those of tokens that no text has in about one of 700 cases. */
const deviations = 3;

/** Fewer tokens that no text has give no direction and no spread. */
const leastAbsent = 4;

/**
 * Reads from the rows of the output matrix which tokens the text has, and how often.
 *
 * The loss pushes the row of each token away from what the model computes (its probability is too high), except where the text has
 * the token: there it pulls. So the rows of absent tokens all have one direction, whatever the optimizer, the number of steps,
 * clipping and the grid do to their lengths; and the more often the text has a token, the more its row points the other way. The
 * direction is that of the tokens that no text has, where an attacker knows enough of them, else the mean of all rows. A
 * matrix that is the embedding too (weight tying) has the embedding's own gradient besides, which only present tokens have.
 */
export function scoresOfOutput(rows: TokenRows, absent: readonly number[]): TokenScores {
  const isKnown = absent.length >= leastAbsent;
  const direction = meanDirection(
    rows,
    isKnown ? absent : Array.from({ length: rows.vocabulary }, (_, token) => token),
  );
  const scores = Float64Array.from({ length: rows.vocabulary }, (_, token) => -along(rows, token, direction));
  const between = thresholdBetween(scores);
  if (!isKnown) return { scores, threshold: between };
  const { mean, deviation } = spreadOf(absent.map((token) => scores[token] ?? 0));
  return { scores, threshold: Math.min(between, mean + deviations * deviation) };
}

/**
 * Reads from the rows of an embedding that is not the output matrix which tokens the text has: no other row has a gradient, so the
 * others move by weight decay alone.
 */
export function scoresOfEmbedding(rows: TokenRows): TokenScores {
  const scores = Float64Array.from({ length: rows.vocabulary }, (_, token) => lengthOf(rows, token));
  return { scores, threshold: thresholdBetween(scores) };
}

function rowOf({ values, width }: TokenRows, token: number): Float32Array {
  return values.subarray(token * width, (token + 1) * width);
}

function lengthOf(rows: TokenRows, token: number): number {
  return Math.sqrt(rowOf(rows, token).reduce((sum, value) => sum + value * value, 0));
}

/** A unit vector; zero where the rows have no common direction. */
function meanDirection(rows: TokenRows, tokens: readonly number[]): Float64Array {
  const sum = new Float64Array(rows.width);
  for (const token of tokens) {
    const length = lengthOf(rows, token);
    if (length === 0) continue;
    for (const [i, value] of rowOf(rows, token).entries()) sum[i] = (sum[i] ?? 0) + value / length;
  }
  const length = Math.hypot(...sum);
  return length === 0 ? sum : sum.map((value) => value / length);
}

function along(rows: TokenRows, token: number, direction: Float64Array): number {
  return rowOf(rows, token).reduce((sum, value, i) => sum + value * (direction[i] ?? 0), 0);
}
