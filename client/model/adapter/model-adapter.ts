import type { ParameterLayout } from '../parameters.ts';
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
export function tensorOf({ layout, values }: FlatParameters, name: string): Float32Array {
  const place = layout.tensors.find((tensor) => tensor.name === name);
  if (place === undefined) throw new RangeError(`the layout has no tensor ${name}`);
  return values.subarray(place.offset, place.offset + place.size);
}
