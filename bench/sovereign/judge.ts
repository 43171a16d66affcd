import { byteTokenizer } from '../../client/data/tokenizer.ts';
import type { Principle } from '../../client/derive/constitution/constitution.ts';
import {
  judgeLabeller,
  type Labeller,
  type LabellerAccuracy,
  measureLabeller,
  requireAccurate,
  usualLabellerLimits,
} from '../../client/derive/constitution/pipeline/labeller.ts';
import { RewardModel } from '../../client/derive/reward/reward-model.ts';
import { cacheFiles } from '../../client/host/cache.ts';
import { type Base, config, spread } from './base.ts';
import { levelled, levelledPairs, pairChoice, piecesOf } from './levelled.ts';
import { buildStage } from './stage.ts';
import { pairRows } from './verses.ts';

/** The principle, which the judge knows by pairs of verses alone. */
export const noArchaicWords: Principle = {
  ...{ id: 'no-archaic', text: 'The answer uses no archaic words.', weight: 1 },
  ...{ follows: [], breaks: [], check: undefined },
};

/** Labelled pairs that the judge learns, and held-out pairs that it is measured on. */
const labelled = 800;
const judged = 400;

const keys = `max_steps: 200
eval_steps: 100
micro_batch_size: 16
sequence_len: 64
learning_rate: 1e-3
replay: 0`;

/** A judge reads both texts of a pair whole: their bytes, a beginning, an end and the place of the score. */
const longest = config.contextLength - 4;

/** All that a judge depends on beside the base and the seed. */
export const judgeRecipe = { keys, labelled, judged, pairChoice };

/**
 * A judge that knows the principle by pairs alone: the same verse in modern and in old English. No word list chose or labelled them. It learns
 * the beginning and the end of each verse.
 */
export async function trainJudge(base: Base, seed: number): Promise<RewardModel> {
  const { gpu, train, heldOut } = base;
  const { parameters } = await buildStage(
    { ...base, baseText: null },
    {
      ...{ kind: 'reward', keys, seed },
      train: pairRows(piecesOf(spread(levelledPairs(train, longest), labelled))),
      heldOut: pairRows(piecesOf(spread(levelledPairs(heldOut, longest), judged))),
    },
  );
  return RewardModel.open(
    { gpu: async () => gpu, cache: cacheFiles() },
    { config: { ...config, scores: true }, parameters, tokenizer: byteTokenizer },
  );
}

/** Throws TapestryError `constitution.inaccurate` for a judge whose labels are not used. */
export async function measureJudge({ heldOut }: Base, judge: RewardModel): Promise<LabellerAccuracy> {
  const pairs = spread(levelledPairs(heldOut, longest), judged).map(({ old, modern }) => ({
    ...{ prompt: '', chosen: modern, rejected: old },
  }));
  const accuracy = await measureLabeller(levelledLabeller(judge), noArchaicWords, pairs);
  requireAccurate(accuracy, usualLabellerLimits);
  return accuracy;
}

/** A labeller that reads an answer with its prompt as one text, levelled as the judge's pairs were. */
export function levelledLabeller(judge: RewardModel): Labeller {
  const { scores } = judgeLabeller(judge);
  return {
    kind: 'judge',
    scores: (principle, answers) =>
      scores(
        principle,
        answers.map(({ prompt, completion }) => ({
          prompt: '',
          completion: levelled(`${prompt}${completion}`),
        })),
      ),
  };
}
