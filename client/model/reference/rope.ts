import { at } from './vector.ts';

/** Heads (N, heads, headSize); row n has position `n % sequence`. */
export interface RopeShape {
  readonly sequence: number;
  readonly heads: number;
  readonly headSize: number;
}

/**
 * Rotates each pair (i, i + headSize / 2) of a head by `position * theta^(-2i / headSize)` (Su et al. 2021; the halves are
 * paired like in Hugging Face's LLaMA).
 */
export function ropeForward(input: Float64Array, theta: number, shape: RopeShape): Float64Array {
  return rotated(input, theta, shape, 1);
}

/** Maps gradients (N, heads, headSize) of the output to those of the input; a rotation's transpose is its inverse. */
export function ropeBackward(outputGradient: Float64Array, theta: number, shape: RopeShape): Float64Array {
  return rotated(outputGradient, theta, shape, -1);
}

function rotated(input: Float64Array, theta: number, shape: RopeShape, direction: 1 | -1): Float64Array {
  const { sequence, heads, headSize } = shape;
  const half = headSize / 2;
  const output = new Float64Array(input.length);
  for (let head = 0; head < input.length / headSize; head++) {
    const position = Math.floor(head / heads) % sequence;
    for (let i = 0; i < half; i++) {
      const angle = direction * position * theta ** (-i / half);
      const first = head * headSize + i;
      const second = first + half;
      output[first] = at(input, first) * Math.cos(angle) - at(input, second) * Math.sin(angle);
      output[second] = at(input, second) * Math.cos(angle) + at(input, first) * Math.sin(angle);
    }
  }
  return output;
}
