import type { AdapterContent } from './adapter-matrices.ts';
import { rowFactors } from './merge.ts';
import { type FlatParameters, type ModelAdapter, tensorOf } from './model-adapter.ts';
import { type PackedAdapter, packedValues, packTable } from './packed.ts';

/** The values of an adapter as kernels read them, in packed matrices that have a place for each of its own. */
export function adapterContent(
  packed: PackedAdapter,
  base: FlatParameters,
  adapter: ModelAdapter,
): AdapterContent {
  const matrices = packedValues(packTable(packed, adapter.matrices, adapter.layout), adapter.values);
  const lengths = new Float32Array(packed.lengths.length).fill(1);
  for (const matrix of adapter.matrices) {
    const place = packed.matrices.find(({ name }) => name === matrix.name);
    const factors = rowFactors(base, adapter, matrix);
    if (place === undefined || factors === undefined) continue;
    tensorOf({ layout: packed.lengths, values: lengths }, place.group.factors).set(factors, place.firstRow);
  }
  return { matrices, lengths };
}
