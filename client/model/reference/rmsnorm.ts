import { at, dot, row } from './vector.ts';

/** One over the root mean square of a row. */
function inverseRms(x: Float64Array, epsilon: number): number {
  return 1 / Math.sqrt(dot(x, x) / x.length + epsilon);
}

/** `output = gain * input / rms(input)`, a row at a time: input (N, C), gain (C) (Zhang and Sennrich 2019). */
export function rmsnormForward(input: Float64Array, gain: Float64Array, epsilon: number): Float64Array {
  const width = gain.length;
  const output = new Float64Array(input.length);
  for (let n = 0; n < input.length / width; n++) {
    const x = row(input, n, width);
    const scale = inverseRms(x, epsilon);
    for (let c = 0; c < width; c++) output[n * width + c] = at(gain, c) * at(x, c) * scale;
  }
  return output;
}

/** Gradients of the input (N, C) and the gain (C). */
export function rmsnormBackward(
  input: Float64Array,
  gain: Float64Array,
  outputGradient: Float64Array,
  epsilon: number,
): { input: Float64Array; gain: Float64Array } {
  const width = gain.length;
  const inputGradient = new Float64Array(input.length);
  const gainGradient = new Float64Array(width);
  for (let n = 0; n < input.length / width; n++) {
    const x = row(input, n, width);
    const dy = row(outputGradient, n, width);
    const scale = inverseRms(x, epsilon);
    let along = 0; // the gradient's component along x, which normalising removes
    for (let c = 0; c < width; c++) {
      gainGradient[c] = at(gainGradient, c) + at(dy, c) * at(x, c) * scale;
      along += at(dy, c) * at(gain, c) * at(x, c);
    }
    for (let c = 0; c < width; c++) {
      inputGradient[n * width + c] =
        scale * at(dy, c) * at(gain, c) - (scale ** 3 / width) * along * at(x, c);
    }
  }
  return { input: inputGradient, gain: gainGradient };
}
