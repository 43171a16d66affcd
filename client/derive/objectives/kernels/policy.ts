import type { Batch } from '../../../data/batch.ts';
import type { ExampleBatch, ExamplePlace } from '../../../data/example.ts';
import type { BufferRange } from '../../../gpu/program.ts';
import type { Objective } from '../../../train/objective.ts';
import { type PolicyLoss, policyLoss, tokenShares } from '../policy.ts';
import { byPart, countedRows, objectiveBatch, operationOf, packed, rowsIn, type Words } from './rows.ts';

/** Bindings: losses (rows), weights (rows), values, earlier (rows, 2). */
export const policySlopes = operationOf('policy', 'policy');

const headerWords = 5;
const sequenceWords = 5;

/** Words before the log-probabilities of the old policy and the reference: a multiple of 64, where a binding can begin. */
const earlierAt = (rows: number) => Math.ceil((headerWords + sequenceWords * rows) / 64) * 64;

/** The kernels of clipped policy gradients. */
export const policyObjective: Objective = {
  name: 'policy',
  words: (shape) => earlierAt(rowsIn(shape)) + 2 * rowsIn(shape),
  record: (program, shape, { losses, weights, values: { buffer, offset, size } }) => {
    const capacity = rowsIn(shape);
    const border = 4 * earlierAt(capacity);
    const values: BufferRange = { buffer, offset, size: border };
    const earlier: BufferRange = { buffer, offset: offset + border, size: size - border };
    program.record(policySlopes, { capacity }, { losses, weights, values, earlier });
  },
};

/** A sampled completion of a batch. `old` and `reference` have a value for each of its rows; context's are not read. */
export interface PlacedCompletion {
  readonly place: ExamplePlace;
  readonly advantage: number;
  /** Log-probabilities by the trainer before the first update on this batch; those of a sampler differ by rounding. */
  readonly old: ArrayLike<number>;
  /** Read only if the loss has a `beta`. */
  readonly reference: ArrayLike<number>;
}

/** What the kernel reads of the completions of a part whose first row is `firstRow`, besides `earlier`. */
export function policyWords(
  kind: PolicyLoss,
  completions: readonly (PlacedCompletion & { readonly tokens: number; readonly share: number })[],
  firstRow: number,
): Words {
  return [
    ['u32', completions.length],
    ['u32', Number(kind.ratio === 'sequence')],
    ['f32', kind.low],
    ['f32', kind.high],
    ['f32', kind.beta],
    ...completions.flatMap(
      ({ place, advantage, share, tokens }): Words => [
        ['u32', place.first - firstRow],
        ['u32', place.end - firstRow],
        ['f32', advantage],
        ['f32', share],
        ['f32', tokens],
      ],
    ),
  ];
}

/** The batch with a policy gradient over its sequences, for a trainer with `policyObjective`. */
export function policyBatch(
  kind: PolicyLoss,
  batch: ExampleBatch,
  completions: readonly PlacedCompletion[],
): Batch {
  const counted = completions.map((completion) => ({
    ...completion,
    rows: countedRows(batch, completion.place),
  }));
  const shares = tokenShares(
    kind,
    counted.map(({ rows }) => rows.length),
  );
  const sized = counted.map((one, i) => ({ ...one, tokens: one.rows.length, share: shares[i] ?? 0 }));
  const placesOf = ({ place }: PlacedCompletion) => [place];
  return objectiveBatch(
    batch,
    completions.flatMap(placesOf),
    policyObjective.name,
    (parts) => {
      const rows = batch.targets.length / parts;
      return byPart(sized, placesOf, batch.targets.length, parts).map(({ firstRow, groups }) => {
        const words = new Uint32Array(earlierAt(rows) + 2 * rows);
        words.set(packed(policyWords(kind, groups, firstRow)));
        const earlier = new Float32Array(words.buffer, 4 * earlierAt(rows));
        for (const { place, old, reference } of groups)
          for (let row = place.first; row < place.end; row++) {
            earlier[2 * (row - firstRow)] = old[row - place.first] ?? 0;
            earlier[2 * (row - firstRow) + 1] = kind.beta === 0 ? 0 : (reference[row - place.first] ?? 0);
          }
        return words;
      });
    },
    (logProbabilities) => {
      const { loss, metrics } = policyLoss(
        kind,
        counted.map(({ place, rows, advantage, old, reference }) => ({
          advantage,
          logProbabilities: rows.map((row) => logProbabilities[row] ?? Number.NaN),
          old: rows.map((row) => old[row - place.first] ?? Number.NaN),
          reference: rows.map((row) => reference[row - place.first] ?? Number.NaN),
        })),
      );
      return { loss, metrics };
    },
  );
}
