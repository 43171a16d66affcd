import { at } from './vector.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** `output = silu(gate) * up`, element by element (Shazeer 2020). */
export function swigluForward(gate: Float64Array, up: Float64Array): Float64Array {
  return gate.map((g, i) => g * sigmoid(g) * at(up, i));
}

/** Gradients of gate and up. */
export function swigluBackward(
  gate: Float64Array,
  up: Float64Array,
  outputGradient: Float64Array,
): { gate: Float64Array; up: Float64Array } {
  return {
    gate: gate.map((g, i) => {
      const s = sigmoid(g);
      return at(outputGradient, i) * at(up, i) * s * (1 + g * (1 - s));
    }),
    up: gate.map((g, i) => at(outputGradient, i) * g * sigmoid(g)),
  };
}
