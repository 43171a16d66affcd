import { TapestryError } from '../../../errors.ts';
import { mean } from '../../../mean.ts';
import { compilePattern } from '../../patterns.ts';
import type { Answered } from '../../reward/reward-model.ts';
import type { Principle } from '../constitution.ts';

/** What says how well answers follow a principle. */
export interface Labeller {
  readonly kind: 'check' | 'judge' | 'words';
  /** A score for each answer, in their order: the higher, the better it follows; null where the labeller cannot say. */
  scores(principle: Principle, answers: readonly Answered[]): Promise<(number | null)[]>;
}

/** 0 for an answer in which the principle's check finds nothing, else -1. Rejects with `constitution.no-check`. */
export const checkLabeller: Labeller = {
  kind: 'check',
  async scores({ id, check }, answers) {
    if (check === undefined)
      throw new TapestryError(
        'constitution.no-check',
        `The principle ${id} has no check.`,
        'Give it one, leave it out with --principle, or label with --judge.',
      );
    const pattern = compilePattern(check);
    return answers.map(({ completion }) => (pattern.test(textOf(completion)) ? -1 : 0));
  },
};

/** A reward model that was trained on pairs of answers that follow and that break the principles. */
export function judgeLabeller(model: { scores: RewardScores }): Labeller {
  return { kind: 'judge', scores: (_, answers) => model.scores(answers) };
}

type RewardScores = (answers: readonly Answered[]) => Promise<(number | null)[]>;

/** Two answers to a prompt, of which the first follows a principle better. */
export interface LabelledPair {
  readonly prompt: Answered['prompt'];
  readonly chosen: Answered['completion'];
  readonly rejected: Answered['completion'];
}

/** How a labeller does on pairs that it has not learnt from. */
export interface LabellerAccuracy {
  /** Pairs whose answers both have a score, and the others, such as those longer than the labeller's context. */
  readonly pairs: number;
  readonly unscored: number;
  /** The share of the scored pairs whose chosen answer scores higher; equal scores count half. */
  readonly accuracy: number;
  /** Halfway between the mean scores of chosen and rejected answers: below it an answer breaks the principle. */
  readonly border: number;
}

/** Measures a labeller on pairs. */
export async function measureLabeller(
  labeller: Labeller,
  principle: Principle,
  pairs: readonly LabelledPair[],
): Promise<LabellerAccuracy> {
  const { chosen, rejected } = await pairScores(labeller, principle, pairs);
  const scored = chosen.flatMap((one, index) => {
    const other = rejected[index] ?? null;
    return one === null || other === null ? [] : [{ chosen: one, rejected: other }];
  });
  const unscored = pairs.length - scored.length;
  if (scored.length === 0) return { pairs: 0, unscored, accuracy: 0, border: 0 };
  return {
    pairs: scored.length,
    unscored,
    accuracy: mean(scored.map((pair) => (1 + opinion(pair.chosen, pair.rejected)) / 2)),
    border: mean(scored.map((pair) => (pair.chosen + pair.rejected) / 2)),
  };
}

/** The scores of both answers of each pair, in their order. */
export async function pairScores(
  labeller: Labeller,
  principle: Principle,
  pairs: readonly LabelledPair[],
): Promise<Record<'chosen' | 'rejected', (number | null)[]>> {
  const side = (which: 'chosen' | 'rejected') =>
    labeller.scores(
      principle,
      pairs.map((pair) => ({ prompt: pair.prompt, completion: pair[which] })),
    );
  return { chosen: await side('chosen'), rejected: await side('rejected') };
}

/** 1 where the first score is higher, -1 where it is lower, 0 where they are equal or one is missing. */
export function opinion(first: number | null, second: number | null): -1 | 0 | 1 {
  if (first === null || second === null || first === second) return 0;
  return first > second ? 1 : -1;
}

/** What a labeller must show before its labels are used. */
export interface LabellerLimits {
  readonly leastAccuracy: number;
  /** An accuracy on fewer pairs says nothing. */
  readonly leastPairs: number;
}

export const usualLabellerLimits: LabellerLimits = { leastAccuracy: 0.8, leastPairs: 20 };

/** Throws TapestryError `constitution.few-pairs` or `constitution.inaccurate` for a labeller that may not label. */
export function requireAccurate(
  { pairs, accuracy }: LabellerAccuracy,
  { leastAccuracy, leastPairs }: LabellerLimits,
): void {
  if (pairs < leastPairs)
    throw new TapestryError(
      'constitution.few-pairs',
      `The labeller can be measured on ${pairs} held-out pairs; ${leastPairs} are needed.`,
      'Give the principle more examples, or name pairs that the labeller has not learnt from with --held-out.',
    );
  if (accuracy < leastAccuracy)
    throw new TapestryError(
      'constitution.inaccurate',
      `The labeller prefers the right answer of ${Math.round(100 * accuracy)}% of ${pairs} held-out pairs; ${Math.round(100 * leastAccuracy)}% are needed.`,
      'Train a judge on more pairs, or lower --least-accuracy knowing what its labels are worth.',
    );
}

const textOf = (turns: Answered['completion']): string =>
  typeof turns === 'string' ? turns : turns.map(({ content }) => content).join('\n');
