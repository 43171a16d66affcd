import type { Batch } from '../data/batch.ts';
import type { Trainer } from './trainer.ts';

/** Mean loss in nats a token over all counted targets of all batches; 0 where none counts. */
export async function evaluate(trainer: Trainer, batches: Iterable<Batch>): Promise<number> {
  let loss = 0;
  let tokens = 0;
  for (const batch of batches) {
    const part = await trainer.evaluate(batch);
    loss += part.loss;
    tokens += part.tokens;
  }
  return tokens === 0 ? 0 : loss / tokens;
}
