import type { Batch } from '../../../data/batch.ts';
import type { ExampleBatch } from '../../../data/example.ts';
import type { Objective } from '../../../train/objective.ts';
import { type KtoLoss, ktoLoss } from '../kto.ts';
import type { PlacedAnswer } from './preference.ts';
import {
  byPart,
  countedRows,
  objectiveBatch,
  operationOf,
  packed,
  rowsIn,
  sumOf,
  type Words,
} from './rows.ts';

/** Bindings: losses (rows), values, moved (capacity). */
export const ktoSums = operationOf('kto', 'ktoSums');

/** Bindings: weights (rows), values, savedMoved (capacity). */
export const ktoSlopes = operationOf('kto', 'kto');

const headerWords = 4;
const sequenceWords = 4;

/** The kernels of Kahneman-Tversky optimization. */
export const ktoObjective: Objective = {
  name: 'kto',
  words: (shape) => headerWords + sequenceWords * rowsIn(shape),
  record: (program, shape, { losses, weights, values }) => {
    const capacity = rowsIn(shape);
    const moved = program.activation(capacity);
    program.record(ktoSums, { capacity }, { losses, values, moved });
    program.record(ktoSlopes, { capacity }, { weights, values, savedMoved: moved });
  },
};

export interface PlacedLabel extends PlacedAnswer {
  readonly desirable: boolean;
}

/** Answers, and completions of other prompts that estimate the divergence from the reference. */
export interface KtoSequences {
  readonly answers: readonly PlacedLabel[];
  readonly others: readonly PlacedAnswer[];
}

/** What the kernels read, for the sequences of a part whose first row is `firstRow`; `share` is 1 / answers of the whole step. */
export function ktoWords(
  { beta, desirableWeight = 1, undesirableWeight = 1 }: KtoLoss,
  { answers, others }: KtoSequences,
  firstRow: number,
  share: number,
): Words {
  const sequence = ({ place, reference }: PlacedAnswer, factor: number): Words => [
    ['u32', place.first - firstRow],
    ['u32', place.end - firstRow],
    ['f32', reference],
    ['f32', factor],
  ];
  return [
    ['u32', answers.length],
    ['u32', others.length],
    ['f32', beta],
    ['f32', share],
    ...answers.flatMap((answer) => sequence(answer, answer.desirable ? desirableWeight : -undesirableWeight)),
    ...others.flatMap((other) => sequence(other, 0)),
  ];
}

/**
 * The batch with Kahneman-Tversky optimization of its sequences, for a trainer with `ktoObjective`. Each part of a step
 * estimates the divergence by its own `others`.
 */
export function ktoBatch(kind: KtoLoss, batch: ExampleBatch, { answers, others }: KtoSequences): Batch {
  const share = 1 / answers.length;
  const split = (parts: number) => {
    const split = <Answer extends PlacedAnswer>(those: readonly Answer[]) =>
      byPart(those, ({ place }) => [place], batch.targets.length, parts);
    const othersOf = split(others);
    return split(answers).map(({ firstRow, groups }, part) => ({
      firstRow,
      answers: groups,
      others: othersOf[part]?.groups ?? [],
    }));
  };
  return objectiveBatch(
    batch,
    [...answers, ...others].map(({ place }) => place),
    ktoObjective.name,
    (parts) => split(parts).map((part) => packed(ktoWords(kind, part, part.firstRow, share))),
    (logProbabilities, parts) => {
      const answer = <Answer extends PlacedAnswer>(placed: Answer) => {
        const rows = countedRows(batch, placed.place);
        return { ...placed, logProbability: sumOf(logProbabilities, rows), tokens: rows.length };
      };
      const each = split(parts).map((part) => {
        const own = ktoLoss(kind, part.answers.map(answer), part.others.map(answer));
        return { ...own, share: part.answers.length * share };
      });
      const meanOf = (value: (part: (typeof each)[number]) => number) =>
        each.reduce((sum, part) => (part.share === 0 ? sum : sum + part.share * value(part)), 0);
      const rewards = (desirable: boolean) => {
        const those = answers.filter((one) => one.desirable === desirable).map(answer);
        const sum = those.reduce((total, one) => total + one.logProbability - one.reference, 0);
        return (kind.beta * sum) / Math.max(1, those.length);
      };
      const metrics = {
        divergence: meanOf(({ divergence }) => divergence),
        chosenReward: rewards(true),
        rejectedReward: rewards(false),
      };
      return { loss: meanOf(({ loss }) => loss), metrics };
    },
  );
}
