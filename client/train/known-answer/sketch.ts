import { Random } from '../../random.ts';

/**
 * A vector in a few numbers: its length, and its sums under random signs. The difference of two vectors has about the same
 * length as the difference of their sums (Alon, Matias and Szegedy 1999), so a stored sketch tells how far a vector is from the
 * right one.
 */
export interface Sketch {
  readonly norm: number;
  readonly sums: readonly number[];
}

const sumCount = 4;
const signSeed = 1;

export function sketchOf(values: ArrayLike<number>): Sketch {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] ?? 0) ** 2;
  const sums = Array.from({ length: sumCount }, (_, stream) => signedSum(values, stream));
  return { norm: Math.sqrt(squares), sums };
}

/** The estimated length of the difference of two vectors, relative to the right one's; not finite if the vector is not. */
export function relativeError(sketch: Sketch, right: Sketch): number {
  const squares = sketch.sums.map((sum, i) => (sum - (right.sums[i] ?? Number.NaN)) ** 2);
  const mean = squares.reduce((total, square) => total + square, 0) / squares.length;
  return Math.max(Math.sqrt(mean), Math.abs(sketch.norm - right.norm)) / right.norm;
}

function signedSum(values: ArrayLike<number>, stream: number): number {
  const random = Random.seeded(signSeed, stream);
  let sum = 0;
  let signs = 0;
  for (let i = 0; i < values.length; i++) {
    if (i % 32 === 0) signs = random.uint32();
    const value = values[i] ?? 0;
    sum += (signs >>> (i % 32)) & 1 ? value : -value;
  }
  return sum;
}
