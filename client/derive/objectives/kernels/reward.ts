import { type Batch, ignoredTarget } from '../../../data/batch.ts';
import type { ExampleBatch, ExamplePlace } from '../../../data/example.ts';
import { TapestryError } from '../../../errors.ts';
import { mean } from '../../../mean.ts';
import type { Objective } from '../../../train/objective.ts';
import type { Pair } from '../preference.ts';
import { type RewardLoss, rewardLoss } from '../reward.ts';
import { byPart, countedRows, operationOf, packed, rowsIn, type Words } from './rows.ts';

/** Bindings: losses (rows), weights (rows), values. */
export const rewardSlopes = operationOf('reward', 'reward');

const headerWords = 3;
const pairWords = 3;

/** The kernels of a reward model's loss; the model has a score head. */
export const rewardObjective: Objective = {
  name: 'reward',
  words: (shape) => headerWords + pairWords * rowsIn(shape),
  record: (program, shape, { losses, weights, values }) => {
    program.record(rewardSlopes, { capacity: rowsIn(shape) }, { losses, weights, values });
  },
};

/** The chosen one should score higher by `margin`, 0 by default. */
export interface PlacedScores extends Pair<ExamplePlace> {
  readonly margin?: number;
}

/** The row of a place's score: that of its last token that carries loss. Throws TapestryError `example.shape`. */
export function scoreRow(batch: Batch, place: ExamplePlace): number {
  // A row has the token before its target.
  const row = (countedRows(batch, place).at(-1) ?? place.end) + 1;
  if (row < place.end) return row;
  throw new TapestryError(
    'example.shape',
    'A sequence to score has no token that carries loss, or none after the last one.',
    'Make examples to score with `scoredExample`, and let them fit the window.',
  );
}

/** What the kernel reads, for pairs of rows of a part. */
export function rewardWords(
  { centring = 0 }: RewardLoss,
  pairs: readonly (Pair<number> & { readonly margin: number })[],
  share: number,
): Words {
  return [
    ['u32', pairs.length],
    ['f32', centring],
    ['f32', share],
    ...pairs.flatMap(
      ({ chosen, rejected, margin }): Words => [
        ['u32', chosen],
        ['u32', rejected],
        ['f32', margin],
      ],
    ),
  ];
}

/** The batch with a reward loss over pairs of its sequences, for a trainer of a score head with `rewardObjective`. */
export function rewardBatch(kind: RewardLoss, batch: ExampleBatch, pairs: readonly PlacedScores[]): Batch {
  const scored = pairs.map(({ chosen, rejected, margin = 0 }) => ({
    places: [chosen, rejected],
    chosen: scoreRow(batch, chosen),
    rejected: scoreRow(batch, rejected),
    margin,
  }));
  const { inputs, documents } = batch;
  const rows = inputs.length;
  return {
    inputs,
    targets: new Uint32Array(rows).fill(ignoredTarget),
    documents,
    weights: new Float32Array(rows),
    objective: {
      kernels: rewardObjective.name,
      values: (parts) =>
        byPart(scored, ({ places }) => places, rows, parts).map(({ firstRow, groups }) => {
          const own = groups.map(({ chosen, rejected, margin }) => ({
            chosen: chosen - firstRow,
            rejected: rejected - firstRow,
            margin,
          }));
          return packed(rewardWords(kind, own, 1 / pairs.length));
        }),
      report: (scores) => {
        const both = scored.map(({ chosen, rejected, margin }) => ({
          chosen: scores[chosen] ?? Number.NaN,
          rejected: scores[rejected] ?? Number.NaN,
          margin,
        }));
        const meanOf = (value: (pair: (typeof both)[number]) => number) => mean(both.map(value));
        const metrics = {
          accuracy: meanOf(({ chosen, rejected }) => Number(chosen > rejected)),
          margin: meanOf(({ chosen, rejected }) => chosen - rejected),
          score: meanOf(({ chosen, rejected }) => (chosen + rejected) / 2),
        };
        return { loss: rewardLoss(kind, both).loss, metrics };
      },
    },
  };
}
