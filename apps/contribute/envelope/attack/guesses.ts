import type { OwnWork } from '../../../../client/contribute/witness.ts';
import type { Tokenizer } from '../../../../client/data/tokenizer.ts';
import type { Tokens } from '../../../../client/data/tokens.ts';
import { embedding, headOf, type ParameterLayout } from '../../../../client/model/parameters.ts';
import { rankCorrelation, separation } from './statistics.ts';
import { scoresOfEmbedding, scoresOfOutput, type TokenRows, type TokenScores } from './token-scores.ts';

/** A token of which the attacker is sure, and whether that is right. */
export interface SureToken {
  readonly text: string;
  readonly isRight: boolean;
}

/** What attacks on a delta told about the text, beside the text itself. */
export interface Guesses {
  readonly vocabulary: number;
  /** Tokens that the text has; those that the attacker guessed; and those of them that the text has. */
  readonly inText: number;
  readonly guessed: number;
  readonly right: number;
  /** See `separation`. */
  readonly separation: number | null;
  /** The surest first. */
  readonly surest: readonly SureToken[];
  /** Of the output rows' scores and the counts of the tokens that the text has, by rank. */
  readonly frequencies: number | null;
  /** The values of a row. An attack by the span of gradients needs fewer tokens than that in the delta. */
  readonly width: number;
}

/** So many of the surest tokens are shown. */
const shownTokens = 24;

/** Attacks a delta, which has the values of the run's whole layout, as anyone could who reads it, and compares with the text. */
export function guessesFrom(delta: Float32Array, work: OwnWork): Guesses {
  const { terms, tokenizer, text } = work;
  const { config, layout } = terms;
  const counts = countsOf(text, config.vocabularySize);
  const isInText = Array.from(counts, (count) => count > 0);
  const output = scoresOfOutput(rowsOf(delta, layout, headOf(config)), absentTokens(work));
  const presence = config.tiedHead ? output : scoresOfEmbedding(rowsOf(delta, layout, embedding));
  const found = tokensAbove(presence);
  const present = [...counts.keys()].filter((token) => isInText[token]);
  return {
    vocabulary: config.vocabularySize,
    inText: present.length,
    guessed: found.length,
    right: found.filter((token) => isInText[token]).length,
    separation: separation(presence.scores, isInText),
    surest: found
      .slice(0, shownTokens)
      .map((token) => ({ text: shownToken(tokenizer, token), isRight: isInText[token] ?? false })),
    frequencies: rankCorrelation(
      present.map((token) => output.scores[token] ?? 0),
      present.map((token) => counts[token] ?? 0),
    ),
    width: config.dimension,
  };
}

function rowsOf(delta: Float32Array, { tensors }: ParameterLayout, name: string): TokenRows {
  const place = tensors.find((tensor) => tensor.name === name);
  if (place === undefined) throw new RangeError(`the layout has no tensor ${name}`);
  const [rows = 0, width = 1] = place.shape;
  const [vocabulary = rows] = place.fileShape ?? place.shape;
  return { values: delta.subarray(place.offset, place.offset + vocabulary * width), vocabulary, width };
}

/** Tokens above the threshold, the one with the highest score first. */
function tokensAbove({ scores, threshold }: TokenScores): number[] {
  const at = (token: number) => scores[token] ?? 0;
  return [...scores.keys()]
    .filter((token) => at(token) > threshold)
    .sort((one, other) => at(other) - at(one));
}

/** How often a text has each token. */
function countsOf(text: Tokens, vocabulary: number): Float64Array {
  const counts = new Float64Array(vocabulary);
  const part = new Uint32Array(2 ** 16);
  for (let start = 0; start < text.length; start += part.length) {
    const tokens = part.subarray(0, Math.min(part.length, text.length - start));
    text.copy(start, tokens);
    for (const token of tokens) counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts;
}

/** Tokens that no text has, as everyone knows: of the byte tokenizer, bytes that UTF-8 never uses and tokens without a use. */
function absentTokens({ terms, tokenizer }: OwnWork): number[] {
  if (terms.tokenizer.kind !== 'bytes') return [];
  const { padding, vocabularySize } = tokenizer;
  const unused = Array.from({ length: vocabularySize - padding }, (_, i) => padding + i);
  return [0xc0, 0xc1, ...Array.from({ length: 11 }, (_, i) => 0xf5 + i), ...unused];
}

/** A token as a person can read it: its characters, or its number where it is a part of a character. */
function shownToken({ decode }: Tokenizer, token: number): string {
  const text = decode([token]).replaceAll(' ', '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥');
  return text === '' || /[\p{C}\uFFFD]/u.test(text) ? `#${token}` : text;
}
