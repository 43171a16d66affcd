import { rowFactors } from '../adapter/merge.ts';
import { type FlatParameters, type ModelAdapter, tensorOf } from '../adapter/model-adapter.ts';
import { adapterNames } from '../adapter/settings.ts';
import { at, multiply } from './cpu-kernels.ts';

/** An adapter of one matrix in float32 on the CPU. */
export interface CpuLowRank {
  readonly a: Float32Array; // (rank, inputs)
  readonly b: Float32Array; // (outputs, rank)
  readonly scale: number;
  /** (outputs), or undefined without magnitudes. */
  readonly factors: Float32Array | undefined;
  readonly reduced: Float32Array; // (rank), scratch
}

/** The adapters of a model's matrices, by the name of the tensor. */
export function cpuAdapter(base: FlatParameters, adapter: ModelAdapter): ReadonlyMap<string, CpuLowRank> {
  return new Map(
    adapter.matrices.map((matrix) => {
      const { name, rank, scale } = matrix;
      const names = adapterNames(name);
      const [a, b] = [tensorOf(adapter, names.a), tensorOf(adapter, names.b)];
      return [
        name,
        { a, b, scale, factors: rowFactors(base, adapter, matrix), reduced: new Float32Array(rank) },
      ];
    }),
  );
}

/** Adds an adapter to `output`, the product of its matrix and `input`; then scales the rows to their magnitudes. */
export function adapt(output: Float32Array, input: Float32Array, adapter: CpuLowRank): void {
  const { a, b, scale, factors, reduced } = adapter;
  multiply(reduced, a, input);
  const rank = reduced.length;
  for (let o = 0; o < output.length; o++) {
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += at(b, o * rank + k) * at(reduced, k);
    const adapted = at(output, o) + scale * sum;
    output[o] = factors === undefined ? adapted : adapted * at(factors, o);
  }
}
