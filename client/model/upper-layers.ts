import type { ModelConfig } from './config.ts';
import { type IsTrained, layoutOf, type ParameterLayout } from './parameters.ts';

/**
 * A model's last layers and all that follows them in the flat vector: the final norm, and the head where it has a matrix of its own. A step
 * that trains only this part runs the backward pass through these layers alone. With its values the flat vector ends: `partLayout` gives it
 * the places of the whole layout, less `from`.
 */
export interface UpperLayers {
  /** How many layers it has. */
  readonly layers: number;
  /** Where it begins in the flat vector, in elements. */
  readonly from: number;
  readonly isTrained: IsTrained;
}

/** The part of the last `layers` layers. Throws RangeError unless the model has as many, and one at least is asked for. */
export function upperLayers(
  config: ModelConfig,
  layers: number,
  { tensors }: ParameterLayout = layoutOf(config),
): UpperLayers {
  const lowest = `model.layers.${config.layers - layers}.`;
  const first = layers >= 1 ? tensors.find(({ name }) => name.startsWith(lowest)) : undefined;
  if (first === undefined) throw new RangeError(`a model of ${config.layers} layers has no upper ${layers}`);
  const from = first.offset;
  return { layers, from, isTrained: ({ offset }) => offset >= from };
}
