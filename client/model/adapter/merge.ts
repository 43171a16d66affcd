import { type FlatParameters, type ModelAdapter, tensorOf } from './model-adapter.ts';
import { type AdaptedMatrix, adapterNames } from './settings.ts';

/**
 * A model's parameters with an adapter merged in: W + scale B A for every adapted matrix, and for DoRA its rows scaled to their
 * magnitudes. Sums are float64 and rounded once, so each weight is the float32 nearest to the exact one, or its neighbour.
 */
export function mergeAdapter(base: FlatParameters, adapter: ModelAdapter): Float32Array<ArrayBuffer> {
  const merged = { layout: base.layout, values: Float32Array.from(base.values) };
  for (const matrix of adapter.matrices) {
    const { name, dora, inputs } = matrix;
    const w = tensorOf(merged, name);
    const magnitudes = dora ? tensorOf(adapter, adapterNames(name).magnitude) : undefined;
    for (const [o, sums] of adaptedRows(base, adapter, matrix)) {
      const factor = magnitudes === undefined ? 1 : over(magnitudes[o] ?? Number.NaN, lengthOf(sums));
      w.set(
        sums.map((sum) => factor * sum),
        inputs * o,
      );
    }
  }
  return merged.values;
}

/** For each row of an adapted matrix the quotient of its magnitude and its length; undefined without magnitudes. */
export function rowFactors(
  base: FlatParameters,
  adapter: ModelAdapter,
  matrix: AdaptedMatrix,
): Float32Array<ArrayBuffer> | undefined {
  if (!matrix.dora) return undefined;
  const factors = Float32Array.from(tensorOf(adapter, adapterNames(matrix.name).magnitude));
  for (const [o, sums] of adaptedRows(base, adapter, matrix))
    factors[o] = over(factors[o] ?? Number.NaN, lengthOf(sums));
  return factors;
}

const lengthOf = (row: Float64Array) => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));

/** The factor of a row; 0 for a row of zeros, such as padding, which has no direction. */
const over = (magnitude: number, length: number) => (length === 0 ? 0 : magnitude / length);

/** The rows of W + scale B A in float64, one after the other in the same array. */
function* adaptedRows(
  base: FlatParameters,
  adapter: ModelAdapter,
  { name, rank, scale, outputs, inputs }: AdaptedMatrix,
): Generator<readonly [row: number, sums: Float64Array], void, void> {
  const names = adapterNames(name);
  const [a, b, w] = [tensorOf(adapter, names.a), tensorOf(adapter, names.b), tensorOf(base, name)];
  const sums = new Float64Array(inputs);
  for (let o = 0; o < outputs; o++) {
    sums.set(w.subarray(o * inputs, (o + 1) * inputs));
    for (let k = 0; k < rank; k++) {
      const factor = scale * (b[o * rank + k] ?? Number.NaN);
      for (let i = 0; i < inputs; i++) sums[i] = (sums[i] ?? 0) + factor * (a[k * inputs + i] ?? Number.NaN);
    }
    yield [o, sums];
  }
}
