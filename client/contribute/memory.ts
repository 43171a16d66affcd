import type { PartName } from '../../relay/wire/fragments.ts';
import { type Adapter, isTooSmall } from '../gpu/device.ts';
import { planStep } from '../train/memory.ts';
import { predictEncoding } from './encoding/delta-encoder.ts';
import { TrainedValues } from './part/trained-values.ts';
import type { RunTerms } from './run-terms.ts';

/**
 * Predicted bytes on an adapter of a node of this run that trains this part: of training, and of encoding its deltas; null where the adapter
 * is too small and the run grants a part. Throws the errors of `planStep`.
 */
export function predictedBytes(adapter: Adapter, terms: RunTerms, part: PartName): number | null {
  const { config, shape, optimizer, fragments } = terms;
  const { trainer } = new TrainedValues(terms, part);
  try {
    const { memory, model } = planStep(adapter, config, shape, optimizer, trainer);
    const { trained } = model;
    return memory.bytes + (trained === undefined ? 0 : predictEncoding(adapter, terms, trained));
  } catch (error) {
    if (!isTooSmall(error) || fragments.upper === null) throw error;
    return null;
  }
}
