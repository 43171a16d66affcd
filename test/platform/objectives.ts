import type { Batch, BatchShape } from '../../client/data/batch.ts';
import { type Example, type ExampleBatch, layExamples } from '../../client/data/example.ts';
import { ktoBatch, ktoObjective } from '../../client/derive/objectives/kernels/kto.ts';
import { policyBatch, policyObjective } from '../../client/derive/objectives/kernels/policy.ts';
import { preferenceBatch, preferenceObjective } from '../../client/derive/objectives/kernels/preference.ts';
import { rewardBatch, rewardObjective } from '../../client/derive/objectives/kernels/reward.ts';
import {
  advantages,
  dapo,
  drGrpo,
  grpo,
  gspo,
  type PolicyLoss,
} from '../../client/derive/objectives/policy.ts';
import type { PreferenceLoss } from '../../client/derive/objectives/preference.ts';
import { scoredExample } from '../../client/derive/objectives/reward.ts';
import type { Device } from '../../client/gpu/device.ts';
import type { ModelConfig } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { referenceStep } from '../../client/model/reference/model.ts';
import type { Objective } from '../../client/train/objective.ts';
import { Trainer, type TrainerOptions } from '../../client/train/trainer.ts';
import { freshState, type OptimizerSettings } from '../../client/train/training.ts';
import policyOracle from '../support/oracle/grpo.json' with { type: 'json' };
import {
  oracleConfig,
  oracleGradientError,
  oracleLayout,
  oracleTensor,
  oracleWeights,
  type Probes,
} from '../support/oracle/oracle.ts';
import oracle from '../support/oracle/preference.json' with { type: 'json' };
import rewardOracle from '../support/oracle/reward.json' with { type: 'json' };

/** The errors of one step with an objective on an adapter, relative to the oracle. */
export interface ObjectiveErrors {
  readonly name: string;
  readonly lossError: number;
  /** The worst of all tensors. */
  readonly gradientError: number;
}

/** Errors above this mean a wrong kernel. */
export const objectiveTolerance = 1e-4;

const settings: OptimizerSettings = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  gradientClip: 1,
};

/** A model of the oracle, ready for steps of rate 0. */
export async function oracleTrainer(
  device: Device,
  shape: BatchShape,
  objective: Objective,
  options: TrainerOptions = {},
  config: ModelConfig = oracleConfig,
): Promise<Trainer> {
  const trainer = await Trainer.create(device, config, shape, settings, { ...options, objective });
  const layout = layoutOf(config);
  const parameters = oracleWeights(1, layout);
  const head = layout.tensors.find(({ name }) => name === 'score.weight');
  if (head !== undefined) parameters.set(oracleTensor(head.size, 611, 0.3), head.offset);
  trainer.load(freshState(parameters));
  return trainer;
}

interface Expected {
  readonly loss: number;
  readonly gradient: Probes;
}

async function errorsOf(
  name: string,
  trainer: Trainer,
  batch: Batch,
  expected: Expected,
): Promise<ObjectiveErrors> {
  trainer.step(batch, 0);
  const loss = await trainer.loss();
  return {
    name,
    // One loss of the oracle is zero.
    lossError: Math.abs(loss - expected.loss) / Math.max(1e-2, Math.abs(expected.loss)),
    gradientError: oracleGradientError(await trainer.gradient(), trainer.layout, expected.gradient),
  };
}

/** An example whose targets are marked as the oracle marks them: one mark for each token but the first. */
const exampleOf = (tokens: readonly number[], marks: readonly number[]): Example => ({
  tokens: Uint32Array.from(tokens),
  carriesLoss: Uint8Array.from([0, ...marks]),
});

/** The oracle's three chosen answers, then its rejected ones. */
export const pairExamples: readonly Example[] = [
  ...oracle.chosen.map((tokens, i) => exampleOf(tokens, oracle.counted_chosen[i] ?? [])),
  ...oracle.rejected.map((tokens, i) => exampleOf(tokens, oracle.counted_rejected[i] ?? [])),
];

function placeOf({ places }: ExampleBatch, example: number) {
  const place = places.find((one) => one.example === example);
  if (place === undefined) throw new Error(`the batch lacks ${example}`);
  return place;
}

/** The pairs of a batch that holds `pairExamples`. */
export function pairsIn(batch: ExampleBatch) {
  const { reference_chosen: chosen, reference_rejected: rejected } = oracle.logps;
  return [0, 1, 2].map((i) => ({
    chosen: { place: placeOf(batch, i), reference: chosen[i] ?? Number.NaN },
    rejected: { place: placeOf(batch, 3 + i), reference: rejected[i] ?? Number.NaN },
  }));
}

const { beta } = oracle.settings;
const preferences: readonly (readonly [keyof typeof oracle.losses, PreferenceLoss])[] = [
  ['dpo', { kind: 'dpo', beta }],
  ['dpo_label_smoothing_0.1', { kind: 'dpo', beta, labelSmoothing: 0.1 }],
  ['robust_0.1', { kind: 'robust', beta, labelSmoothing: 0.1 }],
  ['ipo', { kind: 'ipo', beta }],
  ['hinge', { kind: 'hinge', beta }],
  ['simpo_beta_2_gamma_1', { kind: 'simpo', beta: 2, margin: 1 }],
  ['orpo_lambda_0.1', { kind: 'orpo', lambda: 0.1 }],
];

/** Windows of `pairExamples`, the shape of the batch, and the parts of a step. */
export interface PairLayout {
  readonly windows: readonly (readonly number[])[];
  readonly shape: BatchShape;
  readonly options?: TrainerOptions;
}

const padded = [[0], [3], [1], [4], [2], [5]];

export async function preferenceErrors(
  device: Device,
  { windows, shape, options }: PairLayout,
): Promise<ObjectiveErrors[]> {
  const trainer = await oracleTrainer(device, shape, preferenceObjective, options);
  const batch = layExamples(pairExamples, windows, shape);
  const errors: ObjectiveErrors[] = [];
  for (const [name, kind] of preferences) {
    const preferred = preferenceBatch(kind, batch, pairsIn(batch));
    errors.push(await errorsOf(name, trainer, preferred, oracle.losses[name]));
  }
  trainer.close();
  return errors;
}

async function ktoErrors(device: Device): Promise<ObjectiveErrors[]> {
  const shape = { batch: 9, sequence: 9 };
  const others = oracle.settings.kto_completions.map((tokens, i) =>
    exampleOf([...(oracle.prompt[i] ?? []), ...tokens], oracle.counted_chosen[i] ?? []),
  );
  const windows = Array.from({ length: 9 }, (_, i) => [i]);
  const batch = layExamples([...pairExamples, ...others], windows, shape);
  const parameters = Float64Array.from(oracleWeights(2));
  const { rowLosses } = referenceStep(oracleConfig, oracleLayout, parameters, batch, shape);
  const placed = batch.places.map((place, i) => ({
    place,
    reference: -rowLosses.subarray(place.first, place.end).reduce((sum, loss) => sum + loss, 0),
    desirable: i < 3,
  }));
  const trainer = await oracleTrainer(device, shape, ktoObjective);
  const sequences = { answers: placed.slice(0, 6), others: placed.slice(6) };
  const errors = await errorsOf('kto', trainer, ktoBatch({ beta }, batch, sequences), oracle.losses.kto);
  const { divergence = Number.NaN } = (await trainer.report()).metrics;
  trainer.close();
  const known = oracle.settings.kto_kl;
  return [{ ...errors, lossError: Math.max(errors.lossError, Math.abs(divergence / known - 1)) }];
}

async function policyErrors(device: Device): Promise<ObjectiveErrors[]> {
  const { lengths, rewards, group, tokens, token_logps: known, prompt_length: prompt, losses } = policyOracle;
  const shape = { batch: 8, sequence: 9 };
  const examples = tokens.map((those, i) => {
    const places = those.slice(1).map((_, t) => t - (prompt - 1));
    const counts = (t: number) => Number(t >= 0 && t < (lengths[i] ?? 0));
    return exampleOf(those, places.map(counts));
  });
  const batch = layExamples(
    examples,
    lengths.map((_, i) => [i]),
    shape,
  );
  const trainer = await oracleTrainer(device, shape, policyObjective);
  const own = await trainer.logProbabilities(batch);
  const runs: readonly (readonly [keyof typeof losses, PolicyLoss, boolean])[] = [
    ['grpo', grpo, true],
    ['grpo_on_policy', { ...grpo, beta: 0 }, true],
    ['dapo', dapo, true],
    ['dr_grpo', drGrpo(8), false],
    ['gspo', gspo, true],
  ];
  const errors: ObjectiveErrors[] = [];
  for (const [name, kind, scaled] of runs) {
    const gains = [0, 1].flatMap((i) => advantages(rewards.slice(i * group, (i + 1) * group), scaled));
    const old = name === 'grpo_on_policy' ? own : known.old;
    const completions = batch.places.map((place, i) => ({
      place,
      advantage: gains[i] ?? Number.NaN,
      old: old.slice(9 * i, 9 * i + 9),
      reference: known.reference.slice(9 * i, 9 * i + 9),
    }));
    errors.push(await errorsOf(name, trainer, policyBatch(kind, batch, completions), losses[name]));
  }
  trainer.close();
  return errors;
}

export async function rewardErrors(
  device: Device,
  { windows, shape, options }: PairLayout,
): Promise<ObjectiveErrors[]> {
  const config = { ...oracleConfig, scores: true };
  const trainer = await oracleTrainer(device, shape, rewardObjective, options, config);
  const batch = layExamples(pairExamples.map(scoredExample), windows, shape);
  const scores = await trainer.logProbabilities(batch);
  const last = [...rewardOracle.last_chosen, ...rewardOracle.last_rejected];
  const known = [...rewardOracle.scores.chosen, ...rewardOracle.scores.rejected];
  const scoreError = Math.max(
    ...known.map((score, i) => {
      const row = placeOf(batch, i).first + (last[i] ?? Number.NaN);
      return Math.abs((scores[row] ?? Number.NaN) - score);
    }),
  );
  const runs = [
    ['bradley_terry', {}, undefined],
    ['with_margin', {}, rewardOracle.margin],
    ['centred_0.01', { centring: 0.01 }, undefined],
  ] as const;
  const errors: ObjectiveErrors[] = [];
  for (const [name, kind, margins] of runs) {
    const pairs = [0, 1, 2].map((i) => {
      return { chosen: placeOf(batch, i), rejected: placeOf(batch, 3 + i), margin: margins?.[i] ?? 0 };
    });
    const one = await errorsOf(name, trainer, rewardBatch(kind, batch, pairs), rewardOracle.losses[name]);
    errors.push({ ...one, lossError: Math.max(one.lossError, scoreError) });
  }
  trainer.close();
  return errors;
}

/** Every objective on an adapter. */
export async function measureObjectives(device: Device): Promise<ObjectiveErrors[]> {
  const layout = (sequence: number): PairLayout => ({ windows: padded, shape: { batch: 6, sequence } });
  return [
    ...(await preferenceErrors(device, layout(9))),
    ...(await ktoErrors(device)),
    ...(await policyErrors(device)),
    ...(await rewardErrors(device, layout(10))),
  ];
}
