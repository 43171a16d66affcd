import { type Example, rowsOf } from '../../../data/example.ts';
import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import type { Row } from '../../data/row.ts';
import { preferenceBatch, preferenceObjective } from '../../objectives/kernels/preference.ts';
import {
  hasReference,
  type PreferenceLoss,
  preferenceLoss,
  preferenceMetrics,
} from '../../objectives/preference.ts';
import { answerOf, type Examples } from '../examples.ts';
import { answersOf, type GroupLoss, groupsOf, placedAnswer, type StageExample } from './group-loss.ts';

/**
 * The pairs of rows as examples, the chosen answer and then the rejected one, each changed by `change`. Pairs with an answer that
 * is too long are left out.
 */
export function pairExamples(
  rows: readonly Row[],
  tokenizer: ModelTokenizer,
  sequence: number,
  change: (answer: Example) => Example = (answer) => answer,
): Examples {
  const examples: StageExample[] = [];
  let [tooLong, unsuitable] = [0, 0];
  for (const row of rows) {
    if (row.form !== 'preference') {
      unsuitable++;
      continue;
    }
    const { prompt, margin } = row;
    const chosen = answerOf(prompt, row.chosen, tokenizer);
    const rejected = answerOf(prompt, row.rejected, tokenizer);
    const pair = chosen && rejected && [change(chosen), change(rejected)];
    if (!pair) unsuitable++;
    else if (Math.max(...pair.map(rowsOf)) > sequence) tooLong++;
    else examples.push(...pair.map((example) => (margin === undefined ? example : { ...example, margin })));
  }
  return { examples, tooLong, unsuitable };
}

/** A preference loss over pairs of a chosen and a rejected answer. */
export function pairLoss(kind: PreferenceLoss): GroupLoss {
  return {
    objective: preferenceObjective,
    hasReference: hasReference(kind),
    batch(batch, _, references) {
      const pairs = groupsOf(batch.places).map(([chosen, rejected]) => ({
        chosen: placedAnswer(chosen, references),
        rejected: placedAnswer(rejected, references),
      }));
      return preferenceBatch(kind, batch, pairs);
    },
    async measure(trainer, examples, references, shape) {
      const answers = await answersOf(trainer, examples, references, shape);
      const pairs = groupsOf(answers).map(([chosen, rejected]) => ({ chosen, rejected }));
      const metrics = preferenceMetrics(kind, pairs);
      return {
        loss: preferenceLoss(kind, pairs).loss,
        accuracy: metrics.accuracy,
        raw_accuracy: metrics.rawAccuracy,
        margin: metrics.margin,
        chosen: metrics.chosenLogProbability,
        rejected: metrics.rejectedLogProbability,
      };
    },
  };
}
