import { type Batch, rowWeights, weightedLoss } from '../data/batch.ts';
import type { Trainer } from './trainer.ts';

/**
 * Mean loss in nats per token over all targets of all batches, weighted if a batch has weights; 0 if the weights sum to zero.
 * Summed in float64, row by row.
 */
export async function evaluate(trainer: Trainer, batches: Iterable<Batch>): Promise<number> {
  let loss = 0;
  let weight = 0;
  for (const batch of batches) {
    const { weights } = rowWeights(batch);
    loss -= weightedLoss(await trainer.logProbabilities(batch), { weights, divisor: 1 });
    weight += weights.reduce((sum, each) => sum + each, 0);
  }
  return weight === 0 ? 0 : loss / weight;
}
