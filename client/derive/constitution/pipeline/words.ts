import type { BatchShape } from '../../../data/batch.ts';
import { type Example, rowsOf } from '../../../data/example.ts';
import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import { answerOf } from '../../build/examples.ts';
import type { Turns } from '../../data/row.ts';
import { type LogProbabilities, logProbabilitiesOf, sumOfLogProbabilities } from '../../log-probabilities.ts';
import type { Answered } from '../../reward/reward-model.ts';
import type { Principle } from '../constitution.ts';
import type { Labeller } from './labeller.ts';

/** A request in words. A model with a chat template is asked as a user would. */
function asked(tokenizer: ModelTokenizer, text: string): Turns {
  return tokenizer.chatTemplate === null ? `${text}\n` : [{ role: 'user', content: text }];
}

const shown = (turns: Turns) =>
  typeof turns === 'string' ? turns : turns.map(({ role, content }) => `${role}: ${content}`).join('\n');

const about = ({ text }: Principle, { prompt, completion }: Answered) =>
  `Principle: ${text}\nPrompt: ${shown(prompt)}\nAnswer: ${shown(completion)}\n`;

/** Asks whether an answer follows a principle. */
export const followsQuestion = (tokenizer: ModelTokenizer, principle: Principle, answer: Answered): Turns =>
  asked(tokenizer, `${about(principle, answer)}Does the answer follow the principle? Say yes or no:`);

/** Asks for a critique of an answer. */
export const critiqueRequest = (tokenizer: ModelTokenizer, principle: Principle, answer: Answered): Turns =>
  asked(tokenizer, `${about(principle, answer)}Say in a sentence how the answer breaks the principle:`);

/** Asks for another answer. */
export const revisionRequest = (
  tokenizer: ModelTokenizer,
  principle: Principle,
  answer: Answered,
  critique: string,
): Turns =>
  asked(
    tokenizer,
    `${about(principle, answer)}Critique: ${critique}\nWrite the answer again so that it follows the principle:`,
  );

/** Asks for another prompt like those that are given. The model continues a list, whatever it was trained on. */
export const promptRequest = (examples: readonly string[]): string =>
  `${examples.map((example) => `Prompt: ${example}\n`).join('')}Prompt:`;

/** A model that answers with log-probabilities, and how long its rows may be. */
export interface AskedModel {
  readonly pass: LogProbabilities & { readonly shape: BatchShape };
  readonly tokenizer: ModelTokenizer;
}

/**
 * The model is asked in words: an answer's score is the log-probability of "yes" less that of "no", in nats. Small models
 * hardly know what they are asked, so that it must be measured before its labels are used. Null for what does not fit the context.
 */
export function wordsLabeller({ pass, tokenizer }: AskedModel): Labeller {
  const exampleOf = (question: Turns, word: string) => answerOf(question, word, tokenizer);
  return {
    kind: 'words',
    async scores(principle, answers) {
      const pairs = answers.map((answer) => {
        const question = followsQuestion(tokenizer, principle, answer);
        return [exampleOf(question, 'yes'), exampleOf(question, 'no')] as const;
      });
      const fits = (example: Example | null): example is Example =>
        example !== null && rowsOf(example) <= pass.shape.sequence;
      const fitting = pairs.flatMap(([yes, no], index) =>
        fits(yes) && fits(no) ? [{ index, yes, no }] : [],
      );
      const examples = fitting.flatMap(({ yes, no }) => [yes, no]);
      const rows = await logProbabilitiesOf(pass, examples, pass.shape);
      const scores = new Array<number | null>(answers.length).fill(null);
      for (const [at, { index }] of fitting.entries()) {
        const [yes, no] = [rows[2 * at] ?? [], rows[2 * at + 1] ?? []];
        scores[index] = sumOfLogProbabilities(yes) - sumOfLogProbabilities(no);
      }
      return scores;
    },
  };
}
