import { byteTokenizer } from '../../client/data/tokenizer.ts';
import type { Principle } from '../../client/derive/constitution/constitution.ts';
import { byPrompt, labelAnswers } from '../../client/derive/constitution/pipeline/label.ts';
import {
  judgeLabeller,
  type LabellerAccuracy,
  measureLabeller,
  requireAccurate,
  usualLabellerLimits,
} from '../../client/derive/constitution/pipeline/labeller.ts';
import type { AnswerRow } from '../../client/derive/constitution/pipeline/rows.ts';
import type { Row } from '../../client/derive/data/row.ts';
import { RewardModel } from '../../client/derive/reward/reward-model.ts';
import { cacheFiles } from '../../client/host/cache.ts';
import { mean } from '../../client/mean.ts';
import { type Base, config, measured, spread, type Weights } from './base.ts';
import { cardLosses, continued } from './evaluation.ts';
import { buildStage, changes, type StageResult, storedFigures } from './stage.ts';
import { archaicWords, pairRows, type Verse } from './verses.ts';

/** The judge knows the principle by pairs alone: the same verse in modern and in old English. No word list chose or labelled them. */
const principle: Principle = {
  ...{ id: 'no-archaic', text: 'The answer uses no archaic words.', weight: 1 },
  ...{ follows: [], breaks: [], check: undefined },
};

/** Labelled pairs that the judge learns, and held-out pairs that it is measured on. */
const labelled = 800;
const judged = 400;

/** Prompts whose answers are labelled, answers to each, and the share of the pairs, by their gap, that is learnt. */
const prompts = 320;
const answersEach = 4;
const clearest = 0.75;

const asked = 200;
const sampling = { temperature: 0.8, maxTokens: 80 };

const judgeKeys = `max_steps: 100
eval_steps: 50
micro_batch_size: 16
learning_rate: 1e-3
replay: 0`;
const preferKeys = `micro_batch_size: 8
learning_rate: 1e-3
rpo_alpha: 1`;

/**
 * Constitution "no archaic words": a judge learns it from labelled pairs, labels pairs of the model's own answers, and those are
 * preferred. Breaches of answers to held-out prompts are counted by a word list.
 */
export function constitution(base: Base, steps: number, seed: number): Promise<StageResult> {
  const recipe = {
    judgeKeys,
    preferKeys,
    steps,
    seed,
    labelled,
    judged,
    prompts,
    answersEach,
    clearest,
    asked,
  };
  return storedFigures(base, 'constitution', seed, { ...recipe, sampling }, async () => {
    const judge = await trainJudge(base, seed);
    try {
      const { accuracy } = await measureJudge(base, judge);
      const pairs = await labelOwnAnswers(base, judge, seed);
      const result = await buildStage(base, {
        ...{ kind: 'prefer', seed, keys: `${measured(4, steps)}\n${preferKeys}` },
        // The order is that of the gaps: every tenth pair is held out.
        train: pairs.filter((_, index) => index % 10 !== 0),
        heldOut: pairs.filter((_, index) => index % 10 === 0),
      });
      return {
        judge: { pairs: labelled, accuracy },
        labelled: pairs.length,
        ...(await breaches(base, result.parameters)),
        ...changes(result),
        loss: await cardLosses(base, result.parameters),
      };
    } finally {
      judge.close();
    }
  });
}

async function trainJudge(base: Base, seed: number): Promise<RewardModel> {
  const { gpu } = base;
  const { parameters } = await buildStage(
    { ...base, baseText: null },
    {
      ...{ kind: 'reward', keys: judgeKeys, seed },
      train: pairRows(spread(base.train.filter(fits), labelled)),
      heldOut: pairRows(spread(base.heldOut.filter(fits), judged)),
    },
  );
  return RewardModel.open(
    { gpu: async () => gpu, cache: cacheFiles() },
    { config: { ...config, scores: true }, parameters, tokenizer: byteTokenizer },
  );
}

/** Throws TapestryError `constitution.inaccurate` for a judge whose labels are not used. */
async function measureJudge({ heldOut }: Base, judge: RewardModel): Promise<LabellerAccuracy> {
  const pairs = spread(heldOut.filter(fits), judged).map(({ old, modern }) => ({
    ...{ prompt: '', chosen: modern, rejected: old },
  }));
  const accuracy = await measureLabeller(judgeLabeller(judge), principle, pairs);
  requireAccurate(accuracy, usualLabellerLimits);
  return accuracy;
}

/** The pairs of the model's own answers that the judge is surest of, the surest first. */
async function labelOwnAnswers(
  { gpu, train, weights }: Base,
  judge: RewardModel,
  seed: number,
): Promise<Row[]> {
  const repeated = spread(train, prompts)
    .map(opening)
    .flatMap((prompt) => Array.from({ length: answersEach }, () => prompt));
  const texts = await continued(gpu, weights, repeated, { ...sampling, temperature: 1, seed: seed + 1 });
  const rows = repeated.map((prompt, index): AnswerRow => ({ prompt, completion: texts[index] ?? '' }));
  const found = await labelAnswers(byPrompt(rows), [principle], judgeLabeller(judge));
  const pairs = found.flatMap((each) => ('chosen' in each ? [each] : []));
  return pairs
    .toSorted((a, b) => b.gap - a.gap)
    .slice(0, Math.ceil(clearest * pairs.length))
    .map(({ prompt, chosen, rejected }) => ({ form: 'preference', prompt, chosen, rejected }));
}

/** Answers to held-out prompts by both models from the same random numbers, and what changed that had no need to. */
async function breaches({ gpu, heldOut, weights }: Base, derivative: Weights) {
  const openings = spread(heldOut, asked).map(opening);
  const answers = (of: Weights, temperature: number) =>
    continued(gpu, of, openings, { ...sampling, temperature, seed: 0 });
  const share = (texts: readonly string[]) => texts.filter(breaks).length / texts.length;
  const sampledBefore = await answers(weights, sampling.temperature);
  const sampledAfter = await answers(derivative, sampling.temperature);
  const [before, after] = [await answers(weights, 0), await answers(derivative, 0)];
  const clean = before.flatMap((text, index) => (breaks(text) ? [] : [{ text, now: after[index] ?? '' }]));
  const ofClean = (value: (pair: (typeof clean)[number]) => number) => mean(clean.map(value));
  return {
    breaches: { before: share(sampledBefore), after: share(sampledAfter) },
    // Of the likeliest answers that broke nothing: how many changed at all, how much of their words, and how many break now.
    needless: {
      clean: clean.length,
      changed: ofClean(({ text, now }) => Number(text !== now)),
      words: ofClean(({ text, now }) => otherWords(text, now)),
      broken: ofClean(({ now }) => Number(breaks(now))),
    },
  };
}

const breaks = (text: string) => archaicWords([text]) > 0;

/** The share of the words of both texts, by number, that only one of them has. */
function otherWords(one: string, other: string): number {
  const counts = (text: string) => Map.groupBy(text.match(/\p{L}+/gu) ?? [], (word) => word);
  const [first, second] = [counts(one), counts(other)];
  let [both, all] = [0, 0];
  for (const word of new Set([...first.keys(), ...second.keys()])) {
    const numbers = [first.get(word)?.length ?? 0, second.get(word)?.length ?? 0];
    both += Math.min(...numbers);
    all += Math.max(...numbers);
  }
  return all === 0 ? 0 : 1 - both / all;
}

/** A judge reads both texts of a pair whole: their bytes, a beginning, an end and the place of the score. */
const fits = ({ old, modern }: Verse) => Math.max(old.length, modern.length) <= config.contextLength - 4;

/** The first three words of a verse in modern English. */
const opening = ({ modern }: Verse) => `${modern.split(' ').slice(0, 3).join(' ')} `;
