import { TapestryError } from '../../../../client/errors.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import type { ParameterLayout } from '../../../../client/model/parameters.ts';
import { upperLayers } from '../../../../client/model/upper-layers.ts';
import type { WholeStrategy } from '../../../../relay/wire/frames.ts';

/**
 * The part that a new run grants to nodes that are too slow for the whole model: its last `layers` layers. Throws TapestryError
 * `usage.upper-layers` where the model has fewer.
 */
export function upperPartOf(
  config: ModelConfig,
  layout: ParameterLayout,
  layers: number,
): { readonly layers: number; readonly from: number } {
  if (layers > config.layers)
    throw refused(
      `The model has ${config.layers} layers, and not ${layers}.`,
      `Pass at most ${config.layers}.`,
    );
  const { from } = upperLayers(config, layers, layout);
  return { layers, from };
}

/** Throws TapestryError `usage.upper-layers` for a run that cannot grant a part. */
export function checkUpperLayers(
  layers: number | undefined,
  run: { isFragmented: boolean; waits: boolean },
): void {
  if (layers === undefined) return;
  if (run.isFragmented)
    throw refused(
      'A run whose rounds synchronize fragments grants no other part.',
      'Leave --upper-layers out.',
    );
  if (!run.waits)
    throw refused(
      'A run with arrivals waits for nobody, so no node is too slow for it.',
      'Leave --upper-layers out, or choose another --pace.',
    );
}

/** How many upper layers a run grants; 0 if none. */
export function upperLayersIn({ part }: Pick<WholeStrategy, 'part'>): number {
  return part.case === 'upperLayers' ? part.value.layers : 0;
}

function refused(message: string, next: string): TapestryError {
  return new TapestryError('usage.upper-layers', message, next);
}
