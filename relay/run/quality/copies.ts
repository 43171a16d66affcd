import { nextTurn } from '../next-turn.ts';

/** Cosines are integers in which 1 is this, so that no order of adding them changes a sum. */
const scale = 2 ** 20;
/** With fewer contributions there is no third one that says what all have in common. */
const fewestCompared = 3;
/** Products between two turns of the event loop: a few milliseconds of work. */
const productsATurn = 2 ** 22;

/**
 * The contributions that are like an earlier one, by index and ascending. `sketches` are in the order of the journal. The likeness of two is the correlation of
 * what remains of their directions when the mean direction of all others is taken away: what independent work has in common, an early
 * round's shared gradient or one script, is in that mean. A copy stays one if it is scaled, or if noise is added that is shorter than it.
 */
export async function copiesIn(sketches: readonly Float64Array[], likeness: number): Promise<number[]> {
  const n = sketches.length;
  if (n < fewestCompared || likeness >= 1) return [];
  const cosines = await cosinesOf(sketches);
  const at = (i: number, j: number) => cosines[i * n + j] ?? 0;
  const sums = sketches.map((_, i) =>
    cosines.subarray(i * n, (i + 1) * n).reduce((sum, one) => sum + one, 0),
  );
  const all = sums.reduce((sum, one) => sum + one, 0);
  const others = n - 2;
  const isLike = (i: number, j: number) => {
    const [own, other, both] = [at(i, i), at(j, j), at(i, j)];
    const [ownSum, otherSum] = [sums[i] ?? 0, sums[j] ?? 0];
    const ownMean = (ownSum - own - both) / others;
    const otherMean = (otherSum - other - both) / others;
    const mean = (all - 2 * (ownSum + otherSum) + own + other + 2 * both) / (others * others);
    const ownRest = own - 2 * ownMean + mean;
    const otherRest = other - 2 * otherMean + mean;
    if (ownRest <= 0 || otherRest <= 0) return false;
    return both - ownMean - otherMean + mean > likeness * Math.sqrt(ownRest * otherRest);
  };
  return [...sketches.keys()].filter((j) => {
    for (let i = 0; i < j; i++) if (isLike(i, j)) return true;
    return false;
  });
}

/** The cosine of each pair, row by row; 0 for a sketch of zeros, of which the cosine with itself is 0 too. */
async function cosinesOf(sketches: readonly Float64Array[]): Promise<Float64Array> {
  const n = sketches.length;
  const cosines = new Float64Array(n * n);
  const norms = sketches.map((sketch) => Math.sqrt(dot(sketch, sketch)));
  let products = 0;
  for (const [i, one] of sketches.entries()) {
    for (let j = 0; j <= i; j++) {
      products += one.length;
      if (products > productsATurn) {
        products = 0;
        await nextTurn();
      }
      const length = (norms[i] ?? 0) * (norms[j] ?? 0);
      const cosine = length === 0 ? 0 : dot(one, sketches[j] ?? one) / length;
      const rounded = i === j ? (length === 0 ? 0 : scale) : Math.floor(cosine * scale + 0.5);
      cosines[i * n + j] = rounded;
      cosines[j * n + i] = rounded;
    }
  }
  return cosines;
}

/** In float64, in the order of the numbers. */
function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] ?? 0) * (other[i] ?? 0);
  return sum;
}
