import { divergenceLoss } from '../../../../client/derive/objectives/divergence.ts';
import { divergenceSlopes } from '../../../../client/derive/objectives/kernels/divergence.ts';
import { ktoSlopes, ktoSums, ktoWords } from '../../../../client/derive/objectives/kernels/kto.ts';
import { policySlopes, policyWords } from '../../../../client/derive/objectives/kernels/policy.ts';
import {
  preferenceSlopes,
  preferenceWords,
} from '../../../../client/derive/objectives/kernels/preference.ts';
import { rewardSlopes, rewardWords } from '../../../../client/derive/objectives/kernels/reward.ts';
import { ktoLoss } from '../../../../client/derive/objectives/kto.ts';
import {
  dapo,
  drGrpo,
  grpo,
  gspo,
  policyLoss,
  tokenShares,
} from '../../../../client/derive/objectives/policy.ts';
import {
  hasReference,
  type Pair,
  type PreferenceLoss,
  preferenceLoss,
} from '../../../../client/derive/objectives/preference.ts';
import { rewardLoss } from '../../../../client/derive/objectives/reward.ts';
import { type Case, caseOf } from '../case.ts';
import { type Draw, f32, struct, unwritten } from '../draw.ts';

/** Sequences of rows, some of which are context, with a row between them that belongs to none. */
function sequencesOf(draw: Draw, count: number) {
  let first = 0;
  const places = Array.from({ length: count }, (_, example) => {
    const place = { example, first, end: first + 1 + draw.upTo(40) };
    first = place.end + 1;
    return place;
  });
  const mask = Array.from({ length: first }, () => Number(draw.upTo(4) > 1));
  for (const { end } of places) {
    mask[end - 1] = 1;
    mask[end] = 1;
  }
  // A row without a target has loss 0.
  const losses = f32(mask.map((counts) => (counts === 1 ? draw.upTo(2000) / 400 : 0)));
  const sequences = places.map((place) => {
    const rows = mask.flatMap((counts, row) =>
      counts === 1 && row >= place.first && row < place.end ? [row] : [],
    );
    const logProbability = -rows.reduce((sum, row) => sum + (losses.values[row] ?? 0), 0);
    const reference = Math.fround(logProbability + (draw.upTo(200) - 100) / 20);
    return { place, rows, tokens: rows.length, logProbability, reference };
  });
  return { losses, sequences, weights: f32(mask) };
}

type Sequence = ReturnType<typeof sequencesOf>['sequences'][number];

/** Weights that count, multiplied by the negative slope of their sequence; others as they were. */
function weighted(
  weights: Float64Array,
  slopes: readonly (readonly [Sequence, ArrayLike<number>])[],
): Float64Array {
  const result = weights.slice();
  for (const [{ rows }, own] of slopes)
    for (const [t, row] of rows.entries()) result[row] = -(own[t] ?? own[0] ?? Number.NaN);
  return result;
}

const preferences: readonly PreferenceLoss[] = [
  { kind: 'dpo', beta: 0.1 },
  { kind: 'dpo', beta: 0.5, labelSmoothing: 0.2 },
  { kind: 'robust', beta: 0.3, labelSmoothing: 0.1 },
  { kind: 'ipo', beta: 0.2 },
  { kind: 'hinge', beta: 0.4 },
  { kind: 'simpo', beta: 2, margin: 0.5 },
  { kind: 'orpo', lambda: 0.7 },
  { kind: 'dpo', beta: 0.1, likelihood: 1.5 },
  { kind: 'simpo', beta: 2, margin: 0.5, likelihood: 0.3 },
];

export function preferenceCases(draw: Draw): Case[] {
  return preferences.map((kind) => {
    const { losses, sequences, weights } = sequencesOf(draw, 2 * draw.upTo(5));
    const pairs = sequences.flatMap((chosen, i): Pair<Sequence>[] => {
      const rejected = sequences[i + 1];
      return i % 2 === 1 || rejected === undefined ? [] : [{ chosen, rejected }];
    });
    const answer = (sequence: Sequence) => (hasReference(kind) ? sequence : { ...sequence, reference: 0 });
    const { slopes } = preferenceLoss(
      kind,
      pairs.map(({ chosen, rejected }) => ({ chosen: answer(chosen), rejected: answer(rejected) })),
    );
    const tokens = pairs.reduce((sum, { chosen }) => sum + chosen.tokens, 0);
    const shares = { pair: 1 / pairs.length, token: 1 / tokens };
    const expected = pairs.flatMap(({ chosen, rejected }, i) => {
      const slope = slopes[i] ?? { chosen: Number.NaN, rejected: Number.NaN };
      return [[chosen, [slope.chosen]] as const, [rejected, [slope.rejected]] as const];
    });
    return caseOf(
      preferenceSlopes,
      { capacity: pairs.length + draw.upTo(80) },
      { losses, weights, values: struct(preferenceWords(kind, pairs, 0, shares)) },
      { weights: weighted(weights.values, expected) },
    );
  });
}

function ktoCases(draw: Draw) {
  return [draw.upTo(4), 70].map((count) => {
    const { losses, sequences, weights } = sequencesOf(draw, count + 2);
    const labelled = sequences.slice(0, count).map((one) => ({ ...one, desirable: draw.upTo(2) === 1 }));
    const others = sequences.slice(count);
    const kind = { beta: 0.2, desirableWeight: 1.5, undesirableWeight: 0.75 };
    const { slopes } = ktoLoss(kind, labelled, others);
    const values = struct(ktoWords(kind, { answers: labelled, others }, 0, 1 / count));
    const expected = weighted(weights.values, [
      ...labelled.map((one, i) => [one, [slopes[i] ?? Number.NaN]] as const),
      ...others.map((one) => [one, [0]] as const),
    ]);
    const moved = Float64Array.from(sequences, ({ logProbability, reference }) => logProbability - reference);
    return { capacity: sequences.length, losses, weights, values, expected, moved };
  });
}

export function ktoSumsCases(draw: Draw): Case[] {
  return ktoCases(draw).map(({ capacity, losses, values, moved }) =>
    caseOf(ktoSums, { capacity }, { losses, values, moved: unwritten('f32', capacity) }, { moved }),
  );
}

export function ktoSlopesCases(draw: Draw): Case[] {
  return ktoCases(draw).map(({ capacity, weights, values, moved, expected }) =>
    caseOf(ktoSlopes, { capacity }, { weights, values, savedMoved: f32(moved) }, { weights: expected }),
  );
}

export function rewardCases(draw: Draw): Case[] {
  return [{}, { centring: 0.1 }].map((kind) => {
    const rows = 3 + draw.upTo(150);
    const losses = draw.f32(rows, 3);
    const count = Math.floor(rows / 3);
    // Each row belongs to one pair at most.
    const pairs = Array.from({ length: count }, (_, i) => {
      return { chosen: 3 * i + 1, rejected: 3 * i, margin: draw.upTo(8) / 8 };
    });
    const { slopes } = rewardLoss(
      kind,
      pairs.map(({ chosen, rejected, margin }) => ({
        chosen: -(losses.values[chosen] ?? Number.NaN),
        rejected: -(losses.values[rejected] ?? Number.NaN),
        margin,
      })),
    );
    const weights = new Float64Array(rows);
    pairs.forEach(({ chosen, rejected }, i) => {
      weights[chosen] = -(slopes[i]?.chosen ?? Number.NaN);
      weights[rejected] = -(slopes[i]?.rejected ?? Number.NaN);
    });
    return caseOf(
      rewardSlopes,
      { capacity: rows },
      { losses, weights: f32(new Float64Array(rows)), values: struct(rewardWords(kind, pairs, 1 / count)) },
      { weights },
    );
  });
}

export function divergenceCases(draw: Draw): Case[] {
  return [0.05, 3].map((beta) => {
    const capacity = draw.upTo(300);
    const losses = f32(Array.from({ length: capacity }, () => draw.upTo(2000) / 400));
    const weights = draw.f32(capacity);
    // A row of no example has no reference.
    const rows = Array.from(losses.values, (loss) => ({
      beta: draw.upTo(4) > 1 ? Math.fround(beta) : 0,
      reference: Math.fround((draw.upTo(100) - 50) / 20 - loss),
    }));
    const expected = rows.map(({ beta, reference }, row) => {
      const logProbability = -(losses.values[row] ?? Number.NaN);
      const { slopes } = divergenceLoss(beta, [
        { weight: weights.values[row] ?? Number.NaN, logProbability, reference },
      ]);
      return -(slopes[0] ?? Number.NaN);
    });
    const references = f32(rows.flatMap(({ beta, reference }) => [beta, reference]));
    return caseOf(
      divergenceSlopes,
      { capacity },
      { losses, weights, references },
      { weights: Float64Array.from(expected) },
    );
  });
}

export function policyCases(draw: Draw): Case[] {
  return [grpo, dapo, drGrpo(50), gspo, { ...gspo, beta: 0.1 }].map((kind) => {
    const { losses, sequences, weights } = sequencesOf(draw, draw.upTo(9));
    const near = () => f32(losses.values.map((loss) => -loss + (draw.upTo(100) - 50) / 100)).values;
    const [old, reference] = [near(), near()];
    const shares = tokenShares(
      kind,
      sequences.map(({ tokens }) => tokens),
    );
    const completions = sequences.map((one, i) => ({
      ...one,
      advantage: Math.fround((draw.upTo(40) - 20) / 10),
      share: shares[i] ?? Number.NaN,
      old: one.rows.map((row) => old[row] ?? Number.NaN),
      reference: one.rows.map((row) => reference[row] ?? Number.NaN),
      logProbabilities: one.rows.map((row) => -(losses.values[row] ?? Number.NaN)),
    }));
    const { slopes } = policyLoss(kind, completions);
    return caseOf(
      policySlopes,
      { capacity: completions.length + 1 },
      {
        losses,
        weights,
        values: struct(policyWords(kind, completions, 0)),
        earlier: f32([...old].flatMap((value, row) => [value, reference[row] ?? 0])),
      },
      {
        weights: weighted(
          weights.values,
          sequences.map((one, i) => [one, slopes[i] ?? []] as const),
        ),
      },
    );
  });
}
