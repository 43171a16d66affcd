import * as v from 'valibot';
import type { Metric } from '../recipe/recipe.ts';

/**
 * The values of a measurement: losses in nats a token, or those of the stage's objective. For pairs, the share whose chosen answer
 * has the higher reward (`accuracy`) or log-probability (`raw_accuracy`), the mean difference of the rewards (`margin`), and the
 * mean log-probabilities of the answers in nats (`chosen`, `rejected`); a reward model's are those of its scores. For completions of
 * held-out prompts, the mean `reward` and `length` in tokens, the mean deviation of the rewards within a group (`spread`), the share of
 * text that repeats itself (`repetition`), and the divergence from the stage's first weights in nats a token (`divergence`, also of held-out
 * rows with `kl`);
 * for the batches since the measurement before, the mean reward (`training_reward`) and the number of groups that were dropped because
 * their rewards were equal (`dropped_groups`), and of rewards that had no answer and count as 0 (`failed_rewards`).
 */
export const valueNames = [
  'training_loss',
  'loss',
  'base_loss',
  'accuracy',
  'raw_accuracy',
  'margin',
  'chosen',
  'rejected',
  'reward',
  'length',
  'spread',
  'repetition',
  'divergence',
  'training_reward',
  'dropped_groups',
  'failed_rewards',
] as const;
export type ValueName = (typeof valueNames)[number];

/** The values that a stage measured after a step. One that could not be measured is absent. */
export interface Measurement {
  /** The stage's index, from 0, and its steps until here. */
  readonly stage: number;
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly values: Readonly<Partial<Record<ValueName, number>>>;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const measurementSchema = v.strictObject({
  stage: count,
  step: count,
  at: v.number(),
  values: v.record(v.picklist(valueNames), v.pipe(v.number(), v.finite())),
});

/** The best measurement of a stage so far. */
export interface Best {
  readonly step: number;
  readonly value: number;
}

const greaterIsBetter: ReadonlySet<Metric> = new Set(['accuracy', 'raw_accuracy', 'margin', 'reward']);

/** True if `value` is better than that of `best` by the metric; of equal ones the earlier is better. */
export function isBetter(metric: Metric, value: number, best: Best | null): boolean {
  if (best === null) return true;
  return greaterIsBetter.has(metric) ? value > best.value : value < best.value;
}
