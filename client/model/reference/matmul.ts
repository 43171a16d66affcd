import { addScaled, at, dot, row } from './vector.ts';

/** `output = input * weight^T`: input (rows, in), weight (out, in), output (rows, out). */
export function matmulForward(input: Float64Array, weight: Float64Array, rows: number): Float64Array {
  const inner = input.length / rows;
  const outer = weight.length / inner;
  const output = new Float64Array(rows * outer);
  for (let n = 0; n < rows; n++) {
    for (let o = 0; o < outer; o++) {
      output[n * outer + o] = dot(row(input, n, inner), row(weight, o, inner));
    }
  }
  return output;
}

/** Gradients of the input (rows, in) and the weight (out, in), given the output's gradient (rows, out). */
export function matmulBackward(
  input: Float64Array,
  weight: Float64Array,
  outputGradient: Float64Array,
  rows: number,
): { input: Float64Array; weight: Float64Array } {
  const inner = input.length / rows;
  const outer = weight.length / inner;
  const inputGradient = new Float64Array(input.length);
  const weightGradient = new Float64Array(weight.length);
  for (let n = 0; n < rows; n++) {
    for (let o = 0; o < outer; o++) {
      const dy = at(outputGradient, n * outer + o);
      addScaled(row(inputGradient, n, inner), dy, row(weight, o, inner));
      addScaled(row(weightGradient, o, inner), dy, row(input, n, inner));
    }
  }
  return { input: inputGradient, weight: weightGradient };
}
