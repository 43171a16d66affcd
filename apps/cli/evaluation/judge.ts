import { targetsOf } from '../../../client/data/example.ts';
import { answerOf } from '../../../client/derive/build/examples.ts';
import type { Sampled } from '../../../client/derive/evaluation/answer-metrics.ts';
import { Scorer } from '../../../client/derive/evaluation/scorer.ts';
import { RewardModel } from '../../../client/derive/reward/reward-model.ts';
import { type Device, openDevice } from '../../../client/gpu/device.ts';
import { cachedKernels, cacheFiles } from '../../../client/host/cache.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import { loadAnyModel } from '../model/model-folder.ts';

/**
 * Scores answers by a judge: a reward model by its head, a language model by the mean log-probability of the answer's tokens. An answer
 * that is empty or does not fit the judge's context has no score.
 */
export async function judge(path: string, answers: readonly Sampled[]): Promise<(number | null)[]> {
  const model = await loadAnyModel(path);
  const device = await openDevice(await nodeGpu());
  try {
    return await (model.config.scores === true ? byReward : byProbability)(device, model, answers);
  } finally {
    device.close();
  }
}

const turnsOf = ({ messages, text }: Sampled) => ({
  prompt: messages,
  completion: [{ role: 'assistant' as const, content: text }],
});

async function byReward(device: Device, model: LoadedModel, answers: readonly Sampled[]) {
  const reward = await RewardModel.on(device, cacheFiles(), model);
  try {
    return await reward.scores(answers.map(turnsOf));
  } finally {
    reward.close();
  }
}

async function byProbability(device: Device, model: LoadedModel, answers: readonly Sampled[]) {
  const scorer = await Scorer.open(device, model, cachedKernels(device));
  try {
    const scores: (number | null)[] = answers.map(() => null);
    const fitting = answers.flatMap((answer, index) => {
      const { prompt, completion } = turnsOf(answer);
      const example = answer.text.trim() === '' ? null : answerOf(prompt, completion, model.tokenizer);
      return example !== null && scorer.fits(example) ? [{ example, index }] : [];
    });
    const sums = await scorer.scores(fitting.map(({ example }) => example));
    for (const [at, { example, index }] of fitting.entries())
      scores[index] = (sums[at] ?? Number.NaN) / targetsOf(example);
    return scores;
  } finally {
    scorer.close();
  }
}
