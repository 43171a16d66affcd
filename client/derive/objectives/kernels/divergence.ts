import { type Batch, rowWeights, weightedLoss } from '../../../data/batch.ts';
import type { ExampleBatch } from '../../../data/example.ts';
import type { Objective } from '../../../train/objective.ts';
import { divergenceLoss } from '../divergence.ts';
import { countedRows, operationOf, rowsIn } from './rows.ts';

/** Bindings: losses (rows), weights (rows), references (rows, 2). */
export const divergenceSlopes = operationOf('divergence', 'divergence');

/** The kernel of a divergence from a reference beside the loss of rows. */
export const divergenceObjective: Objective = {
  name: 'divergence',
  words: (shape) => 2 * rowsIn(shape),
  record: (program, shape, { losses, weights, values: references }) =>
    program.record(divergenceSlopes, { capacity: rowsIn(shape) }, { losses, weights, references }),
};

/**
 * The batch with `divergenceLoss` over its examples, for a trainer with `divergenceObjective`; rows of no example have their own loss
 * alone. `referencesOf` gives the reference's log-probability of each row of an example.
 */
export function divergenceBatch(
  beta: number,
  batch: ExampleBatch,
  referencesOf: (example: number) => ArrayLike<number>,
): Batch {
  const { inputs, targets, documents } = batch;
  const own = rowWeights(batch);
  const weights = own.weights.map((weight) => weight / own.divisor);
  const others = weights.slice();
  const compared = batch.places.flatMap((place) => {
    const references = referencesOf(place.example);
    others.fill(0, place.first, place.end);
    return countedRows(batch, place).map((row) => ({
      row,
      reference: references[row - place.first] ?? Number.NaN,
    }));
  });
  return {
    inputs,
    targets,
    documents,
    weights,
    objective: {
      kernels: divergenceObjective.name,
      values: (parts) => {
        const whole = new Float32Array(2 * targets.length);
        for (const { row, reference } of compared) whole.set([beta, reference], 2 * row);
        const size = whole.length / parts;
        return Array.from(
          { length: parts },
          (_, part) => new Uint32Array(whole.buffer, 4 * size * part, size),
        );
      },
      report: (logProbabilities) => {
        const rows = compared.map(({ row, reference }) => ({
          weight: weights[row] ?? Number.NaN,
          logProbability: logProbabilities[row] ?? Number.NaN,
          reference,
        }));
        const { loss, metrics } = divergenceLoss(beta, rows);
        const losses = Array.from(logProbabilities, (value) => 0 - value);
        return { loss: loss + weightedLoss(losses, { weights: others, divisor: 1 }), metrics };
      },
    },
  };
}
