import { mean } from '../../../client/mean.ts';
import { type Base, measured, spread, type Weights } from '../base.ts';
import { cardLosses, continued } from '../evaluation.ts';
import { changes, type Stage, type StageResult, stageFigures } from '../stage.ts';
import { firstWords, halfQuestions, promptRows } from './tasks.ts';

/** A question has at least four words, so that a question mark alone is none. */
const question = '(\\w+,? ){3}\\w+\\?';
const longest = 64;

/** Held-out prompts that are continued once each. */
const asked = 192;

/**
 * 32 completions a step, of two prompts. At first only one in thirty asks a question, so that the rate of learning rises while most
 * groups have no spread: a high rate then follows a few completions by chance, and the text falls apart. For the same reason the
 * divergence from the start costs more than usual. One window of base text shows what the base's loss becomes.
 */
const keys = `micro_batch_size: 33
sequence_len: 88
learning_rate: 2e-3
warmup_ratio: 0.3
replay: 0.03
rl: dapo
rl_beta: 0.2
rewards: [{ kind: pattern, pattern: '${question}' }]
trl: { num_generations: 16, max_completion_length: ${longest} }`;

/** The share of held-out prompts that a model continues with a question. */
export async function questionsAsked({ gpu, heldOut }: Base, weights: Weights): Promise<number> {
  const prompts = spread(firstWords(heldOut), asked);
  const texts = await continued(gpu, weights, prompts, { temperature: 1, maxTokens: longest, seed: 0 });
  const pattern = new RegExp(question);
  return mean(texts.map((text) => Number(pattern.test(text))));
}

/** Questions rewarded: the curve has the reward beside the divergence, the base's loss, and what shows a collapse. */
export function reinforce(base: Base, steps: number, seed: number): Promise<StageResult> {
  const stage: Stage = {
    kind: 'reinforce',
    keys: `${measured(3, steps)}\n${keys}`,
    seed,
    train: promptRows(firstWords(halfQuestions(base.train))),
    heldOut: promptRows(firstWords(spread(base.heldOut, 400))),
  };
  return stageFigures(base, stage, async (result) => ({
    ...changes(result),
    asked: await questionsAsked(base, result.parameters),
    loss: await cardLosses(base, result.parameters),
    curve: Object.fromEntries(result.measurements.map(({ step, values }) => [`step ${step}`, values])),
  }));
}
