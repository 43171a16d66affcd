import type { FlatVector } from '../gpu/flat-vector.ts';
import type { BufferRange } from '../gpu/program.ts';
import type { ParameterLayout, TensorPlace } from './parameters.ts';

/** Rows of a matrix, from `first` on. */
export interface RowSpan {
  readonly first: number;
  readonly count: number;
}

function placeOf({ tensors }: ParameterLayout, name: string): TensorPlace {
  const place = tensors.find((tensor) => tensor.name === name);
  if (place === undefined) throw new Error(`the layout has no tensor ${name}`);
  return place;
}

/** The range of some rows of a matrix within a flat vector. */
export function rowRange(
  layout: ParameterLayout,
  vector: FlatVector,
  name: string,
  { first, count }: RowSpan,
): BufferRange {
  const { offset, shape } = placeOf(layout, name);
  const width = shape[1] ?? 1;
  return vector.range(offset + first * width, count * width);
}

/** The range of adjacent tensors within a flat vector. */
export function rangeOf(
  layout: ParameterLayout,
  vector: FlatVector,
  ...names: readonly string[]
): BufferRange {
  const places = names.map((name) => placeOf(layout, name));
  const offset = places[0]?.offset ?? 0;
  const end = places.reduce((at, place) => {
    if (place.offset !== at) throw new Error(`${names.join(', ')} do not lie side by side`);
    return at + place.size;
  }, offset);
  return vector.range(offset, end - offset);
}
