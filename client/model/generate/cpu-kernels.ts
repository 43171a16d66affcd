/** The CPU decoder's kernels over float32 arrays; sums are float64. */

/** The value at an index, or NaN outside the array, so that a wrong index is noticed. */
export function at(values: Float32Array, index: number): number {
  return values[index] ?? Number.NaN;
}

/**
 * `output = weight * input`: weight (out, in). It computes four rows at a time, because each addition of a row waits for the
 * one before. The last four may extend past the last row: they read NaN there, and writes past the array have no effect.
 */
export function multiply(output: Float32Array, weight: Float32Array, input: Float32Array): void {
  const inner = input.length;
  for (let o = 0; o < output.length; o += 4) {
    const first = o * inner;
    const [second, third, fourth] = [first + inner, first + 2 * inner, first + 3 * inner];
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < inner; i++) {
      const x = at(input, i);
      a += at(weight, first + i) * x;
      b += at(weight, second + i) * x;
      c += at(weight, third + i) * x;
      d += at(weight, fourth + i) * x;
    }
    output[o] = a;
    output[o + 1] = b;
    output[o + 2] = c;
    output[o + 3] = d;
  }
}

/** `output = gain * input / rms(input)`. */
export function normalise(
  output: Float32Array,
  input: Float32Array,
  gain: Float32Array,
  epsilon: number,
): void {
  let squares = 0;
  for (let i = 0; i < input.length; i++) squares += at(input, i) ** 2;
  const scale = 1 / Math.sqrt(squares / input.length + epsilon);
  for (let i = 0; i < input.length; i++) output[i] = at(gain, i) * at(input, i) * scale;
}

/** `target += values`. */
export function accumulate(target: Float32Array, values: Float32Array): void {
  for (let i = 0; i < target.length; i++) target[i] = at(target, i) + at(values, i);
}
