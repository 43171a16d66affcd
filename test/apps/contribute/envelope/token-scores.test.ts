import { expect, test } from 'vitest';
import { rankCorrelation, separation } from '../../../../apps/contribute/envelope/attack/statistics.ts';
import {
  scoresOfEmbedding,
  scoresOfOutput,
  type TokenRows,
  type TokenScores,
} from '../../../../apps/contribute/envelope/attack/token-scores.ts';
import { Random } from '../../../../client/random.ts';

const [vocabulary, width] = [200, 64];
const absent = [190, 191, 192, 193, 194, 195];
/** How often the text has each token: 50 of them, the first most often. */
const counts = Array.from({ length: vocabulary }, (_, token) => (token < 50 ? 50 - token : 0));
const isInText = counts.map((count) => count > 0);

/** Rows as training leaves them, with so much noise in each value, then cut to their largest values if `part` is below 1. */
function planted({ noise, part = 1, unit = 0 }: { noise: number; part?: number; unit?: number }): TokenRows {
  const random = Random.seeded(7);
  const direction = Float64Array.from({ length: width }, () => random.normal());
  const values = new Float32Array(vocabulary * width);
  for (const [token, count] of counts.entries())
    for (let i = 0; i < width; i++)
      values[token * width + i] = (direction[i] ?? 0) * (1 - Math.log1p(count)) + noise * random.normal();
  const limit = [...values.map(Math.abs)].sort((one, other) => other - one)[
    Math.floor(part * values.length) - 1
  ];
  for (const [i, value] of values.entries()) {
    const isSent = Math.abs(value) >= (limit ?? 0);
    values[i] = isSent ? (unit > 0 ? Math.round(value / unit) * unit : value) : 0;
  }
  return { values, vocabulary, width };
}

function noise(): TokenRows {
  const random = Random.seeded(11);
  return {
    values: Float32Array.from({ length: vocabulary * width }, () => random.normal()),
    vocabulary,
    width,
  };
}

function found({ scores, threshold }: TokenScores) {
  const guessed = [...scores.keys()].filter((token) => (scores[token] ?? 0) > threshold);
  const right = guessed.filter((token) => isInText[token]).length;
  return {
    precision: right / guessed.length,
    recall: right / 50,
    separation: separation(scores, isInText) ?? 0,
  };
}

const frequencies = ({ scores }: TokenScores) =>
  rankCorrelation(scores.slice(0, 50), counts.slice(0, 50)) ?? 0;

test.each([
  ['whole', { noise: 0.3 }, absent, 0.85],
  ['by an attacker who knows no absent token', { noise: 0.3 }, [], 0.85],
  ['on a coarse grid', { noise: 0.3, unit: 0.5 }, absent, 0.85],
  ['cut to a tenth of its values', { noise: 0.3, part: 0.1 }, absent, 0.7],
])('a planted set of tokens is found, and their order: %s', (_, kind, known, least) => {
  const scores = scoresOfOutput(planted(kind), known);
  const { precision, recall, separation: apart } = found(scores);
  expect(precision).toBeGreaterThan(least);
  expect(recall).toBeGreaterThan(0.85);
  expect(apart).toBeGreaterThan(0.95);
  expect(frequencies(scores)).toBeGreaterThan(0.8);
});

test('noise tells nothing', () => {
  const scores = scoresOfOutput(noise(), absent);
  expect(Math.abs(found(scores).separation - 0.5)).toBeLessThan(0.1);
  expect(Math.abs(frequencies(scores))).toBeLessThan(0.3);
});

test('where the embedding has a matrix of its own, rows that moved more than by weight decay are found', () => {
  const random = Random.seeded(3);
  const size = (count: number) => (count > 0 ? 1e-2 * Math.log1p(count) : 1e-4);
  const values = Float32Array.from(
    { length: vocabulary * width },
    (_, i) => size(counts[Math.floor(i / width)] ?? 0) * random.normal(),
  );
  const { precision, recall, separation: apart } = found(scoresOfEmbedding({ values, vocabulary, width }));
  expect([precision, apart]).toEqual([1, 1]);
  expect(recall).toBeGreaterThan(0.5);
  expect(Math.abs(found(scoresOfEmbedding(noise())).separation - 0.5)).toBeLessThan(0.1);
});

test('a delta of zeros gives no error and no guess', () => {
  const zero = { values: new Float32Array(vocabulary * width), vocabulary, width };
  expect([...scoresOfOutput(zero, absent).scores].every((score) => score === 0 || Object.is(score, -0))).toBe(
    true,
  );
  expect(found(scoresOfOutput(zero, absent)).recall).toBe(0);
});
