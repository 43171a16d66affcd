import { mean } from '../../../mean.ts';
import type { Metric } from '../metric.ts';
import type { Answers } from './ask.ts';
import type { Survey } from './survey.ts';

/** Where the variance of the answers' probabilities comes from, as shares that add up to 1. */
export interface OrderEffect {
  /** The choice itself, wherever it is shown. */
  readonly choice: number;
  /** The place at which it is shown, whatever it says: what the order explains. */
  readonly place: number;
  /** Both together. */
  readonly rest: number;
}

/**
 * The two-way analysis of variance of the probabilities around 1 / choices. Each choice is at each place equally often, so that both
 * effects are orthogonal. Answers that are all uniform have no variance, and get shares of 0.
 */
export function orderEffect(answers: readonly Answers[]): OrderEffect {
  let [all, choice, place] = [0, 0, 0];
  for (const { question, orders, probabilities } of answers) {
    const count = question.choices.length;
    const over = (of: (row: readonly number[], order: readonly number[]) => number | undefined) =>
      mean(probabilities.map((row, index) => of(row, orders[index] ?? []) ?? Number.NaN)) - 1 / count;
    for (let index = 0; index < count; index++) {
      choice += orders.length * over((row) => row[index]) ** 2;
      place += orders.length * over((row, order) => row[order[index] ?? -1]) ** 2;
    }
    for (const row of probabilities) for (const value of row) all += (value - 1 / count) ** 2;
  }
  if (all === 0) return { choice: 0, place: 0, rest: 0 };
  return { choice: choice / all, place: place / all, rest: Math.max(0, 1 - (choice + place) / all) };
}

/** The mean probability of each choice of a question, over all orders. */
export function meanProbabilities({ question, probabilities }: Answers): number[] {
  return question.choices.map((_, choice) => mean(probabilities.map((row) => row[choice] ?? Number.NaN)));
}

/**
 * For each axis the answers of its questions as a metric: the expected value of a question's choice, from -1 (the low end) to 1 (the
 * high end), turned round where its weight is negative.
 */
export function axisMetrics({ title, language, axes }: Survey, answers: readonly Answers[]): Metric[] {
  return axes.map(({ id, low, high }) => ({
    ...{ name: id, on: `${title} (${language})`, kind: 'mean', unit: `-1 ${low}, 1 ${high}` },
    items: answers.flatMap((each) => {
      const weight = each.question.axes.get(id) ?? 0;
      return weight === 0 ? [] : [{ value: Math.sign(weight) * answerOf(each), weight: Math.abs(weight) }];
    }),
  }));
}

function answerOf(answers: Answers): number {
  const values = answers.question.choices.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const expected = meanProbabilities(answers).reduce(
    (sum, probability, choice) => sum + probability * (values[choice] ?? Number.NaN),
    0,
  );
  return (2 * (expected - least)) / (most - least) - 1;
}
