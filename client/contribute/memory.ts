import type { Adapter } from '../gpu/device.ts';
import { plannedModel, predictMemory } from '../train/memory.ts';
import { predictEncoding } from './encoding/delta-encoder.ts';
import type { RunTerms } from './run-terms.ts';

/** Predicted bytes on an adapter of a node of this run: of training, and of encoding its deltas. Throws the errors of `planStep`. */
export function predictedBytes(adapter: Adapter, terms: RunTerms): number {
  const { config, shape, optimizer, trainer } = terms;
  const training = predictMemory(adapter, config, shape, optimizer, trainer).bytes;
  const { trained } = plannedModel(adapter, config, shape, optimizer, trainer);
  return training + (trained === undefined ? 0 : predictEncoding(adapter, terms, trained));
}
