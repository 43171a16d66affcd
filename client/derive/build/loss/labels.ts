import { rowsOf } from '../../../data/example.ts';
import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import type { Row } from '../../data/row.ts';
import { ktoBatch, ktoObjective } from '../../objectives/kernels/kto.ts';
import { type KtoLoss, ktoLoss } from '../../objectives/kto.ts';
import type { Answer } from '../../objectives/preference.ts';
import { answerOf, type Examples } from '../examples.ts';
import { answersOf, type GroupLoss, groupsOf, placedAnswer, type StageExample } from './group-loss.ts';

/**
 * Labelled answers as examples: each answer, and then the answer of the next row to the same prompt, which does not belong to it.
 * The latter estimate the divergence from the reference, as in KTO's own implementation.
 */
export function labelExamples(rows: readonly Row[], tokenizer: ModelTokenizer, sequence: number): Examples {
  const labelled = rows.flatMap((row) => (row.form === 'label' ? [row] : []));
  const examples: StageExample[] = [];
  let tooLong = 0;
  for (const [index, { prompt, completion, label }] of labelled.entries()) {
    const other = labelled[(index + 1) % labelled.length]?.completion ?? completion;
    const answer = answerOf(prompt, completion, tokenizer);
    const mismatched = answerOf(prompt, other, tokenizer);
    if (!answer || !mismatched || Math.max(rowsOf(answer), rowsOf(mismatched)) > sequence) tooLong++;
    else examples.push({ ...answer, desirable: label }, mismatched);
  }
  return { examples, tooLong, unsuitable: rows.length - labelled.length };
}

/** Kahneman-Tversky optimization of labelled answers. */
export function labelLoss(kind: KtoLoss): GroupLoss {
  return {
    objective: ktoObjective,
    hasReference: true,
    batch(batch, examples, references) {
      const groups = groupsOf(batch.places);
      return ktoBatch(kind, batch, {
        answers: groups.map(([answer]) => ({
          ...placedAnswer(answer, references),
          desirable: examples[answer.example]?.desirable === true,
        })),
        others: groups.map(([, other]) => placedAnswer(other, references)),
      });
    },
    async measure(trainer, examples, references, shape) {
      const all = await answersOf(trainer, examples, references, shape);
      const labels = groupsOf(examples).map(([{ desirable }]) => desirable === true);
      const answers = groupsOf(all).map(([answer], index) => ({
        ...answer,
        desirable: labels[index] === true,
      }));
      const others = groupsOf(all).map(([, other]) => other);
      const { loss, divergence } = ktoLoss(kind, answers, others);
      const reward = (answer: Answer) => kind.beta * (answer.logProbability - answer.reference);
      const mean = (desirable: boolean, value: (answer: Answer) => number) => {
        const those = answers.filter((answer) => answer.desirable === desirable);
        return those.reduce((sum, answer) => sum + value(answer), 0) / Math.max(1, those.length);
      };
      const right = answers.filter(
        (answer) => answer.desirable === reward(answer) > kind.beta * divergence,
      ).length;
      return {
        loss,
        accuracy: right / answers.length,
        margin: mean(true, reward) - mean(false, reward),
        chosen: mean(true, ({ logProbability }) => logProbability),
        rejected: mean(false, ({ logProbability }) => logProbability),
      };
    },
  };
}
