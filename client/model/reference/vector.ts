/** Helpers of the float64 reference: rows of flat arrays. An index outside its array throws. */

/** `values[index]`. */
export function at(values: Float64Array, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`index ${index} is outside an array of ${values.length}`);
  return value;
}

/** Row `n` of `values (N, width)`; shares its memory. */
export function row(values: Float64Array, n: number, width: number): Float64Array {
  if (n < 0 || (n + 1) * width > values.length) {
    throw new RangeError(`row ${n} is outside ${values.length / width} rows of ${width}`);
  }
  return values.subarray(n * width, (n + 1) * width);
}

/** The sum of `a[i] * b[i]`. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += at(a, i) * at(b, i);
  return sum;
}

/** `target += scale * values`. */
export function addScaled(target: Float64Array, scale: number, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) target[i] = at(target, i) + scale * at(values, i);
}
