import { Random } from '../../random.ts';
import type { TiesMerge } from './method.ts';

/** The largest values of a difference, `density` of them; the others are 0. Of equal ones the first are kept. */
export function keepLargest(difference: Float64Array, density: number): Float64Array {
  const count = Math.floor(density * difference.length);
  const sizes = difference.map(Math.abs);
  // Numbers are sorted several times faster than places by a comparison.
  const ascending = sizes.toSorted();
  const least = ascending[difference.length - count] ?? Number.POSITIVE_INFINITY;
  const larger = ascending.reduce((all, size) => all + (size > least ? 1 : 0), 0);
  let equal = count - larger;
  const kept = new Float64Array(difference.length);
  sizes.forEach((size, at) => {
    if (size > least || (size === least && equal-- > 0)) kept[at] = difference[at] ?? 0;
  });
  return kept;
}

/** Each value of a difference is kept with the probability `density`, and then divided by it. */
export function keepDrawn(difference: Float64Array, density: number, random: Random): Float64Array {
  return difference.map((value) => (random.uniform() < density ? value / density : 0));
}

/**
 * The base plus the sum of the models' sparse differences, of those that agree in sign. `stream` numbers the tensor: with the
 * seed it determines what DARE draws, whichever other tensors there are.
 */
export function ties(
  { kind, weights, densities, normalize, lambda, seed }: TiesMerge,
  base: Float32Array,
  models: readonly Float32Array[],
  stream: number,
): Float64Array {
  const differences = models.map((model, i) => {
    const difference = Float64Array.from(model, (value, at) => value - (base[at] ?? Number.NaN));
    const density = densities[i] ?? 1;
    if (density >= 1) return difference;
    if (kind === 'ties') return keepLargest(difference, density);
    return keepDrawn(difference, density, Random.seeded(seed, stream * models.length + i));
  });
  return Float64Array.from(base, (value, at) => {
    const own = differences.map((difference, i) => (weights[i] ?? 1) * (difference[at] ?? 0));
    const positive = own.reduce((sum, each) => sum + each, 0) >= 0;
    let [sum, divisor] = [0, 0];
    own.forEach((each, i) => {
      const change = differences[i]?.[at] ?? 0;
      if (change === 0 || change > 0 !== positive) return;
      sum += each;
      divisor += weights[i] ?? 1;
    });
    const counted = normalize && Math.abs(divisor) > 1e-8 ? sum / divisor : sum;
    return value + lambda * counted;
  });
}
