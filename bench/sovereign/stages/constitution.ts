import { byPrompt, labelAnswers } from '../../../client/derive/constitution/pipeline/label.ts';
import type { AnswerRow, PairRow } from '../../../client/derive/constitution/pipeline/rows.ts';
import type { Row } from '../../../client/derive/data/row.ts';
import { mean } from '../../../client/mean.ts';
import { type Base, measured, spread, type Weights } from '../base.ts';
import { cardLosses, continued } from '../evaluation.ts';
import { buildStage, changes, type StageResult, storedFigures } from '../stage.ts';
import { archaicWords, type Verse } from '../verses.ts';
import { Judge, judgeRecipe, noArchaicWords } from './judge.ts';

/** Prompts whose answers are labelled, answers to each and their longest, and the share of the pairs, by their gap, that is learnt. */
const own = { prompts: 320, answers: 6, longest: 52, clearest: 0.6 };

const asked = 200;
const sampling = { temperature: 0.8, maxTokens: 80 };

const keys = `micro_batch_size: 16
sequence_len: 80
learning_rate: 1e-3
rl_beta: 0.3
rpo_alpha: 0.5`;

/**
 * Constitution "no archaic words": a judge learns it from labelled pairs, labels pairs of the model's own answers, and those are
 * preferred. Breaches of answers to held-out prompts are counted by a word list.
 */
export function constitution(base: Base, steps: number, seed: number): Promise<StageResult> {
  const recipe = { judgeRecipe, keys, steps, seed, own, asked, sampling };
  return storedFigures(base, 'constitution', seed, recipe, async () => {
    const judge = await Judge.train(base, seed);
    try {
      const { accuracy } = await judge.measure(base);
      const pairs = await labelOwnAnswers(base, judge, seed);
      const result = await buildStage(base, {
        ...{ kind: 'prefer', seed, keys: `${measured(1, steps)}\n${keys}` },
        // The order is that of the gaps: every tenth pair is held out.
        train: preferences(pairs.filter((_, index) => index % 10 !== 0)),
        heldOut: preferences(pairs.filter((_, index) => index % 10 === 0)),
      });
      return {
        judge: { pairs: judgeRecipe.labelled, accuracy },
        labelled: {
          pairs: pairs.length,
          // By the word list, which did not label them: how good the judge's labels are.
          chosen: share(pairs.map(({ chosen }) => chosen)),
          rejected: share(pairs.map(({ rejected }) => rejected)),
        },
        ...(await breaches(base, result.parameters)),
        ...changes(result),
        loss: await cardLosses(base, result.parameters),
      };
    } finally {
      judge.close();
    }
  });
}

/** The pairs of the model's own answers that the judge is surest of, the surest first. */
async function labelOwnAnswers(
  { gpu, train, weights }: Base,
  { labeller }: Judge,
  seed: number,
): Promise<PairRow[]> {
  const { prompts, answers, longest, clearest } = own;
  const repeated = spread(train, prompts)
    .map(opening)
    .flatMap((prompt) => Array.from({ length: answers }, () => prompt));
  const drawn = { ...sampling, maxTokens: longest, seed: seed + 1 };
  const texts = await continued(gpu, weights, repeated, drawn);
  const rows = repeated.map((prompt, index): AnswerRow => ({ prompt, completion: texts[index] ?? '' }));
  const found = await labelAnswers(byPrompt(rows), [noArchaicWords], labeller);
  const pairs = found.flatMap((each) => ('chosen' in each ? [each] : []));
  return pairs.toSorted((a, b) => b.gap - a.gap).slice(0, Math.ceil(clearest * pairs.length));
}

const preferences = (pairs: readonly PairRow[]): Row[] =>
  pairs.map(({ prompt, chosen, rejected }) => ({ form: 'preference', prompt, chosen, rejected }));

/** Answers to held-out prompts by both models from the same random numbers, and what changed that had no need to. */
async function breaches({ gpu, heldOut, weights }: Base, derivative: Weights) {
  const openings = spread(heldOut, asked).map(opening);
  const answers = (of: Weights, temperature: number) =>
    continued(gpu, of, openings, { ...sampling, temperature, seed: 0 });
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

/** The share of texts that break the principle. */
const share = (texts: readonly string[]) => mean(texts.map((text) => Number(breaks(text))));

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

/** The first three words of a verse in modern English. */
const opening = ({ modern }: Verse) => `${modern.split(' ').slice(0, 3).join(' ')} `;
