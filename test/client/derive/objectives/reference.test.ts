import { expect, test } from 'vitest';
import { ktoLoss } from '../../../../client/derive/objectives/kto.ts';
import {
  advantages,
  dapo,
  drGrpo,
  grpo,
  gspo,
  meanDivergence,
  type PolicyLoss,
  policyLoss,
} from '../../../../client/derive/objectives/policy.ts';
import {
  type Pair,
  type PreferenceLoss,
  preferenceLoss,
  preferenceMetrics,
} from '../../../../client/derive/objectives/preference.ts';
import { rewardLoss } from '../../../../client/derive/objectives/reward.ts';
import policyOracle from '../../../support/oracle/grpo.json' with { type: 'json' };
import oracle from '../../../support/oracle/preference.json' with { type: 'json' };
import rewardOracle from '../../../support/oracle/reward.json' with { type: 'json' };

/** The oracle's sums have 12 digits. */
function expectNear(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const length = Math.hypot(...expected);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThan(1e-9 * Math.max(1, length));
  });
}

const countOf = (marks: readonly number[]) => marks.reduce((sum, mark) => sum + mark, 0);
const { logps, counted_chosen: chosenMarks, counted_rejected: rejectedMarks, settings } = oracle;

/** The oracle's pairs; without a reference for the losses that have none. */
const pairs = chosenMarks.map((_, i): Pair => {
  const answer = (side: 'chosen' | 'rejected', marks: readonly (readonly number[])[]) => ({
    logProbability: logps[side][i] ?? Number.NaN,
    tokens: countOf(marks[i] ?? []),
    reference: logps[`reference_${side}`][i] ?? Number.NaN,
  });
  return { chosen: answer('chosen', chosenMarks), rejected: answer('rejected', rejectedMarks) };
});

/** A value for each counted token, 0 elsewhere, as the oracle lists them. */
const spread = (values: readonly number[], marks: readonly (readonly number[])[]) =>
  marks.flatMap((row, i) => row.map((mark) => mark * (values[i] ?? Number.NaN)));

const { beta } = settings;
const kinds: Readonly<Record<Exclude<keyof typeof oracle.losses, 'kto'>, PreferenceLoss>> = {
  dpo: { kind: 'dpo', beta },
  'dpo_label_smoothing_0.1': { kind: 'dpo', beta, labelSmoothing: 0.1 },
  'robust_0.1': { kind: 'robust', beta, labelSmoothing: 0.1 },
  ipo: { kind: 'ipo', beta },
  hinge: { kind: 'hinge', beta },
  simpo_beta_2_gamma_1: { kind: 'simpo', beta: 2, margin: 1 },
  'orpo_lambda_0.1': { kind: 'orpo', lambda: 0.1 },
};

test.each(Object.entries(kinds))('%s agrees with the oracle', (name, kind) => {
  const expected = Object.entries(oracle.losses).find(([other]) => other === name)?.[1];
  if (expected === undefined) throw new Error(`the oracle has no ${name}`);
  const { loss, slopes } = preferenceLoss(kind, pairs);
  expectNear([loss], [expected.loss]);
  const sides = [slopes.map(({ chosen }) => chosen), slopes.map(({ rejected }) => rejected)] as const;
  expectNear(spread(sides[0], chosenMarks), expected.by_chosen_logps);
  expectNear(spread(sides[1], rejectedMarks), expected.by_rejected_logps);
});

test('the likelihood of chosen answers adds their mean loss a token, and its slope', () => {
  const [weight, plain] = [0.7, preferenceLoss(kinds.dpo, pairs)];
  const { loss, slopes } = preferenceLoss({ ...kinds.dpo, likelihood: weight }, pairs);
  const all = pairs.map(({ chosen }) => chosen);
  const tokens = all.reduce((sum, chosen) => sum + chosen.tokens, 0);
  const own = -all.reduce((sum, { logProbability }) => sum + logProbability, 0) / tokens;
  expect(loss).toBeCloseTo(plain.loss + weight * own, 12);
  expectNear(
    slopes.flatMap(({ chosen, rejected }) => [chosen, rejected]),
    plain.slopes.flatMap(({ chosen, rejected }) => [chosen - weight / tokens, rejected]),
  );
});

test('rewards and accuracy agree with the oracle', () => {
  const { accuracy, chosenReward, rejectedReward, margin } = preferenceMetrics(kinds.dpo, pairs);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const { rewards } = oracle;
  expectNear(
    [accuracy, chosenReward, rejectedReward, margin],
    [
      rewards.accuracy,
      mean(rewards.chosen),
      mean(rewards.rejected),
      mean(rewards.chosen) - mean(rewards.rejected),
    ],
  );
});

test('kto agrees with the oracle', () => {
  const answers = [
    ...pairs.map(({ chosen }) => ({ ...chosen, desirable: true })),
    ...pairs.map(({ rejected }) => ({ ...rejected, desirable: false })),
  ];
  // An answer that moved from its reference by the oracle's estimate.
  const others = [{ logProbability: settings.kto_kl, tokens: 6, reference: 0 }];
  const { loss, slopes, divergence } = ktoLoss({ beta }, answers, others);
  const expected = oracle.losses.kto;
  expectNear([loss, divergence], [expected.loss, settings.kto_kl]);
  expectNear(spread(slopes.slice(0, 3), chosenMarks), expected.by_chosen_logps);
  expectNear(spread(slopes.slice(3), rejectedMarks), expected.by_rejected_logps);
  expect(
    ktoLoss({ beta }, answers, [{ ...others[0], logProbability: -9, tokens: 6, reference: 0 }]).divergence,
  ).toBe(0);
});

const { token_logps: tokens, lengths, losses, rewards, group, prompt_length: promptLength } = policyOracle;
const targets = (policyOracle.tokens[0]?.length ?? 0) - 1;
const first = promptLength - 1;

/** The counted values of each completion, of values over all targets. */
const counted = (values: readonly number[]) =>
  lengths.map((length, i) => values.slice(i * targets + first, i * targets + first + length));

const groupsOf = (scaled: boolean) =>
  [0, 1].flatMap((i) => advantages(rewards.slice(i * group, (i + 1) * group), scaled));

test.each<[keyof typeof losses, PolicyLoss, boolean]>([
  ['grpo', grpo, true],
  ['grpo_on_policy', { ...grpo, beta: 0 }, true],
  ['dapo', dapo, true],
  ['dr_grpo', drGrpo(8), false],
  ['gspo', gspo, true],
])('%s agrees with the oracle', (name, kind, scaled) => {
  const advantage = groupsOf(scaled);
  expectNear(advantage, scaled ? policyOracle.advantages.scaled : policyOracle.advantages.centred);
  const [policy, reference] = [counted(tokens.policy), counted(tokens.reference)];
  const old = name === 'grpo_on_policy' ? policy : counted(tokens.old);
  const completions = policy.map((logProbabilities, i) => ({
    advantage: advantage[i] ?? Number.NaN,
    logProbabilities,
    old: old[i] ?? [],
    reference: reference[i] ?? [],
  }));
  const { loss, slopes, metrics } = policyLoss(kind, completions);
  const expected = losses[name];
  expectNear([loss], [expected.loss]);
  expectNear(
    slopes.flatMap((values) => [...values]),
    counted(expected.by_token_logps).flat(),
  );
  if (name === 'grpo') {
    const wholes = [policy, reference].map((values) => values.flat());
    expectNear([meanDivergence(wholes[0] ?? [], wholes[1] ?? [])], [policyOracle.mean_kl]);
    expectNear([metrics.divergence, metrics.clipped], [policyOracle.mean_kl, policyOracle.clipped]);
  }
});

test('a group of equal rewards has no advantages', () => {
  expect(advantages([0.5, 0.5, 0.5], true)).toEqual([0, 0, 0]);
  expect(advantages([2], true)).toEqual([0]);
});

test.each([
  ['bradley_terry', {}, undefined],
  ['with_margin', {}, rewardOracle.margin],
  ['centred_0.01', { centring: 0.01 }, undefined],
] as const)('reward, %s, agrees with the oracle, and its slopes with differences', (name, kind, margins) => {
  const { chosen, rejected } = rewardOracle.scores;
  const scored = chosen.map((score, i) => ({
    chosen: score,
    rejected: rejected[i] ?? Number.NaN,
    margin: margins?.[i] ?? 0,
  }));
  const { loss, slopes } = rewardLoss(kind, scored);
  expectNear([loss], [rewardOracle.losses[name].loss]);
  const step = 1e-6;
  scored.forEach((pair, i) => {
    for (const side of ['chosen', 'rejected'] as const) {
      const moved = (by: number) =>
        rewardLoss(kind, scored.with(i, { ...pair, [side]: pair[side] + by })).loss;
      expect((moved(step) - moved(-step)) / (2 * step)).toBeCloseTo(slopes[i]?.[side] ?? Number.NaN, 8);
    }
  });
});
