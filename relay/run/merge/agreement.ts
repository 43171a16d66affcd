import { nextTurn } from '../next-turn.ts';

/** A cosine counts up to this: however closely hostile parts agree with each other, they gain no more than an honest pair. */
const mostAgreement = 1 / 8;
/** A part is left out if its mean agreement with the others is at or below this. */
const leastMean = -1 / 32;
/** Agreements are added as integers, in which 1 is this, so that no order of adding them changes a sum. */
const scale = 2 ** 20;
/** Fewer parts show no majority, so none of them is left out. */
const fewestJudged = 3;
/** Products between two turns of the event loop: a few milliseconds of work. */
const productsATurn = 2 ** 22;

/**
 * The parts, by index and ascending, that point against the others. The agreement of two parts is the cosine of their sketches,
 * bounded on both sides. The part with the least sum of agreements goes first, and the sums of the others no longer hold
 * its own. More than half of the parts always remain.
 *
 * Each pair counts alike (compare Krum, Blanchard et al. 2017, arXiv 1703.02757, which sums distances to the nearest): an opposed
 * minority disagrees with more parts than it agrees with, and cannot turn the sum against which an honest part is measured. A part
 * that has nothing in common with the others, such as one in a script of its own, is not left out.
 */
export async function disagreeing(sketches: readonly Float64Array[]): Promise<number[]> {
  const norms = sketches.map((sketch) => Math.sqrt(dot(sketch, sketch)));
  let products = 0;
  const agreement = async (i: number, j: number) => {
    const [one, other] = [sketches[i] ?? new Float64Array(), sketches[j] ?? new Float64Array()];
    products += one.length;
    if (products > productsATurn) {
      products = 0;
      await nextTurn();
    }
    const length = (norms[i] ?? 0) * (norms[j] ?? 0);
    const cosine = length === 0 ? 0 : dot(one, other) / length;
    return Math.floor(Math.max(-mostAgreement, Math.min(mostAgreement, cosine)) * scale + 0.5);
  };
  const sums = new Float64Array(sketches.length);
  for (const i of sketches.keys()) {
    for (let j = 0; j < i; j++) {
      const agreed = await agreement(i, j);
      sums[i] = (sums[i] ?? 0) + agreed;
      sums[j] = (sums[j] ?? 0) + agreed;
    }
  }
  const least = Math.floor(sketches.length / 2) + 1;
  const included = [...sketches.keys()];
  const left: number[] = [];
  while (included.length >= fewestJudged && included.length > least) {
    // Of equal parts the earlier one goes first.
    const worst = included.reduce((one, other) => ((sums[other] ?? 0) < (sums[one] ?? 0) ? other : one));
    if ((sums[worst] ?? 0) > leastMean * scale * (included.length - 1)) break;
    included.splice(included.indexOf(worst), 1);
    left.push(worst);
    for (const one of included) sums[one] = (sums[one] ?? 0) - (await agreement(one, worst));
  }
  return left.sort((one, other) => one - other);
}

/** In float64, in the order of the numbers. */
function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] ?? 0) * (other[i] ?? 0);
  return sum;
}
