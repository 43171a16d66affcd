import { embedding } from '../../model/parameters.ts';
import type { RunTerms } from '../run-terms.ts';
import type { GrantedPart } from '../session/part.ts';

/**
 * The upper layers of a run as a node finds them; null where it grants none. The work of a step is counted as 2 operations a value and token
 * for the forward pass, and 2 each for the gradients of inputs and of weights (Kaplan et al. 2020, arXiv 2001.08361). An embedding that is not
 * also the head costs nothing.
 */
export function grantedPart(
  {
    fragments: { upper },
    layout,
    config,
    codec,
    isTimed,
  }: Pick<RunTerms, 'fragments' | 'layout' | 'config' | 'codec' | 'isTimed'>,
  memory: Pick<GrantedPart, 'fitsWhole' | 'trainingBytes'>,
): GrantedPart | null {
  if (upper === null) return null;
  const table = layout.tensors.find(({ name }) => name === embedding)?.size ?? 0;
  const values = layout.length - (config.tiedHead ? 0 : table);
  // A tied head is frozen: it has an input whose gradient is needed, and no gradient of its own.
  const frozenHead = config.tiedHead ? table : 0;
  return {
    ...{ layers: upper.layers, of: config.layers },
    trainingRatio: (6 * values) / (2 * values + 4 * upper.length + 2 * frozenHead),
    uploadRatio: codec.payloadBytes(layout.length) / codec.payloadBytes(upper.length),
    isTimed,
    ...memory,
  };
}
