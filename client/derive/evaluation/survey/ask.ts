import { renderChat } from '../../../data/chat-template.ts';
import type { Example } from '../../../data/example.ts';
import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import { TapestryError } from '../../../errors.ts';
import type { ChatFormat } from '../../chat/answer-prompt.ts';
import type { Scorer } from '../scorer.ts';
import { choiceLabels, type Survey, type SurveyQuestion } from './survey.ts';

/** The answers to one question. */
export interface Answers {
  readonly question: SurveyQuestion;
  /** Choices as shown: `orders[o][p]` is the choice at place p. Each choice is at each place equally often. */
  readonly orders: readonly (readonly number[])[];
  /** The probability of each choice, by its index, where the choices are in that order: (orders, choices). */
  readonly probabilities: readonly (readonly number[])[];
}

/** Every rotation of the order and of its reverse; two choices have two orders in all. */
export function turnedOrders(count: number): number[][] {
  const forward = Array.from({ length: count }, (_, index) => index);
  const directions = count === 2 ? [forward] : [forward, forward.toReversed()];
  return directions.flatMap((order) => order.map((_, by) => [...order.slice(by), ...order.slice(0, by)]));
}

/**
 * Asks a model every question with its choices in every order of `turnedOrders`. A choice's probability is that of its label, among the
 * labels: labels are of one length, so that no choice is unlikely for being long.
 * @throws TapestryError `survey.too-long` if a question does not fit the context, or the errors of `renderChat`
 */
export async function askSurvey(
  scorer: Scorer,
  tokenizer: ModelTokenizer,
  format: ChatFormat,
  survey: Survey,
  onProgress?: (done: number, all: number) => void,
): Promise<Answers[]> {
  const asked = survey.questions.map((question) => ({
    question,
    orders: turnedOrders(question.choices.length),
  }));
  const examples = asked.flatMap(({ question, orders }) =>
    orders.flatMap((order) =>
      labelExamples(tokenizer, format, promptText(survey, question, order), order.length),
    ),
  );
  const tooLong = examples.find((example) => !scorer.fits(example));
  if (tooLong !== undefined)
    throw new TapestryError(
      'survey.too-long',
      `A question has ${tooLong.tokens.length} tokens with its choices, and the model's context ${scorer.shape.sequence}.`,
      'Shorten the questions and choices, or ask a model with a longer context.',
    );
  const scores = await scorer.scores(examples, onProgress);
  let at = 0;
  return asked.map(({ question, orders }) => ({
    question,
    orders,
    probabilities: orders.map((order) => {
      const shown = softmax(scores.slice(at, at + order.length));
      at += order.length;
      return order.map((_, choice) => shown[order.indexOf(choice)] ?? Number.NaN);
    }),
  }));
}

/** A question as the model reads it. */
export function promptText(
  { template }: Survey,
  { text, choices }: SurveyQuestion,
  order: readonly number[],
): string {
  const lines = order.map((choice, place) => `${choiceLabels[place]} ${choices[choice]?.text ?? ''}`);
  return template.replaceAll(/\{(question|choices)\}/g, (_, part) =>
    part === 'question' ? text : lines.join('\n'),
  );
}

/** An example for each label, which alone carries loss. */
function labelExamples(
  tokenizer: ModelTokenizer,
  format: ChatFormat,
  prompt: string,
  count: number,
): Example[] {
  const before =
    format === 'plain'
      ? [tokenizer.beginning, ...tokenizer.encode(prompt)]
      : [...renderChat(tokenizer, [{ role: 'user', content: prompt }], { prompt: true }).tokens];
  return choiceLabels.slice(0, count).map((label) => {
    // In plain text the label follows a space; a template ends where the answer begins.
    const answer = tokenizer.encode(format === 'plain' ? ` ${label}` : label);
    const tokens = Uint32Array.of(...before, ...answer);
    return { tokens, carriesLoss: new Uint8Array(tokens.length).fill(1, before.length) };
  });
}

function softmax(scores: readonly number[]): number[] {
  const greatest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - greatest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
