import type { Batch, BatchShape } from '../../data/batch.ts';
import type { Example } from '../../data/example.ts';
import { exampleBatches } from '../../data/example-sampler.ts';
import { scoreRow } from '../objectives/kernels/reward.ts';

/**
 * The score of each example (see `scoredExample`) by a model whose head gives scores. `rowScores` gives the score of every row of
 * a batch of `shape`; examples must fit it.
 */
export async function scoresOf(
  rowScores: (batch: Batch) => Promise<Float32Array>,
  examples: readonly Example[],
  shape: BatchShape,
): Promise<number[]> {
  const scores = new Array<number>(examples.length).fill(Number.NaN);
  for (const batch of exampleBatches(examples, shape)) {
    const rows = await rowScores(batch);
    for (const place of batch.places) scores[place.example] = rows[scoreRow(batch, place)] ?? Number.NaN;
  }
  return scores;
}
