import { addScaled, row } from './vector.ts';

/** `output (N, C)`: the rows of `table (V, C)` that `tokens (N)` name. */
export function embeddingForward(tokens: Uint32Array, table: Float64Array, width: number): Float64Array {
  const output = new Float64Array(tokens.length * width);
  tokens.forEach((token, n) => {
    row(output, n, width).set(row(table, token, width));
  });
  return output;
}

/** The gradient of the table (V, C): a token's row sums the gradients (N, C) of the rows that hold the token. */
export function embeddingBackward(
  tokens: Uint32Array,
  outputGradient: Float64Array,
  shape: { vocabulary: number; width: number },
): Float64Array {
  const { vocabulary, width } = shape;
  const tableGradient = new Float64Array(vocabulary * width);
  tokens.forEach((token, n) => {
    addScaled(row(tableGradient, token, width), 1, row(outputGradient, n, width));
  });
  return tableGradient;
}
