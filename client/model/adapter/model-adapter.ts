import { withoutPadding } from '../../formats/tensors/padding.ts';
import type { ParameterLayout, TensorPlace } from '../parameters.ts';
import { type AdaptedMatrix, type AdapterSettings, adaptedMatrices, adapterLayout } from './settings.ts';

/** Parameters over a layout. */
export interface FlatParameters {
  readonly layout: ParameterLayout;
  readonly values: Float32Array;
}

/** An adapter of a model: the matrices that it adapts, and its parameters. */
export interface ModelAdapter extends FlatParameters {
  readonly matrices: readonly AdaptedMatrix[];
}

/** An adapter with these parameters, over its own layout. Throws TapestryError `adapter.settings`. */
export function modelAdapter(
  model: ParameterLayout,
  settings: AdapterSettings,
  values: Float32Array,
): ModelAdapter {
  const layout = adapterLayout(model, settings);
  if (values.length !== layout.length)
    throw new RangeError(`an adapter of ${layout.length} values was given ${values.length}`);
  return { matrices: adaptedMatrices(model, settings), layout, values };
}

/** The values of a tensor; they share the memory of the parameters. */
export function tensorOf(parameters: FlatParameters, name: string): Float32Array {
  const { offset, size } = placeOf(parameters, name);
  return parameters.values.subarray(offset, offset + size);
}

/** The values of a tensor as files hold them, without padding. */
export function fileValuesOf(parameters: FlatParameters, name: string): Float32Array {
  return withoutPadding(placeOf(parameters, name), tensorOf(parameters, name));
}

function placeOf({ layout }: FlatParameters, name: string): TensorPlace {
  const place = layout.tensors.find((tensor) => tensor.name === name);
  if (place === undefined) throw new RangeError(`the layout has no tensor ${name}`);
  return place;
}
