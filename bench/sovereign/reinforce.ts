import { type Base, measured, spread } from './base.ts';
import { cardLosses } from './evaluation.ts';
import type { Figures } from './over-seeds.ts';
import { changes, type Stage, stageFigures } from './stage.ts';
import { halfQuestions, promptRows } from './tasks.ts';

/** A question has at least four words, so that a question mark alone is none. 24 completions a step: three groups, beside ten windows of base text. */
const keys = `micro_batch_size: 34
sequence_len: 88
learning_rate: 6e-4
rewards: [{ kind: pattern, pattern: '(\\w+,? ){3}\\w+\\?' }]
trl: { num_generations: 8, max_completion_length: 64 }`;

/** Questions rewarded: the curve has the reward beside the divergence, the base's loss, and what shows a collapse. */
export function reinforce(base: Base, steps: number, seed: number): Promise<Figures> {
  const stage: Stage = {
    kind: 'reinforce',
    keys: `${measured(5, steps)}\n${keys}`,
    seed,
    train: promptRows(halfQuestions(base.train)),
    heldOut: promptRows(spread(base.heldOut, 400)),
  };
  return stageFigures(base, stage, async (result) => ({
    ...changes(result),
    loss: await cardLosses(base, result.parameters),
    curve: Object.fromEntries(result.measurements.map(({ step, values }) => [`step ${step}`, values])),
  }));
}
