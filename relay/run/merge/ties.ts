import { inSlices } from '../aggregate.ts';
import { greatMagnitude } from './magnitude.ts';
import type { Merge, Merged, Part } from './merge.ts';

/**
 * TIES (Yadav et al. 2023, arXiv 2306.01708): of each delta the `density` of greatest magnitude remains (trim); each parameter
 * takes the sign of the sum of what remains, weighted by tokens (elect); and the values with that sign have their weighted
 * mean (disjoint merge). Deltas of different texts do not dilute each other where only some of them move a parameter.
 *
 * Five passes over the parts, and three vectors: sums, signs and weights.
 */
export class Ties implements Merge {
  readonly #parameters: number;
  readonly #density: number;

  constructor(parameters: number, { density }: { readonly density: number }) {
    this.#parameters = parameters;
    this.#density = density;
  }

  async merge(parts: readonly Part[], unit: number): Promise<Merged> {
    const count = Math.ceil(this.#density * this.#parameters);
    const least: number[] = [];
    for (const part of parts) least.push(await greatMagnitude(part, count));
    const sums = new Float64Array(this.#parameters);
    const each = async (take: (i: number, index: number, integer: number) => void) => {
      for (const [i, part] of parts.entries())
        await remaining(part, least[i] ?? 1, (index, integer) => take(i, index, integer));
    };
    const tokens = parts.map((part) => part.tokens);
    await each((i, index, integer) => {
      sums[index] = (sums[index] ?? 0) + (tokens[i] ?? 0) * integer;
    });
    const signs = Int8Array.from(sums, Math.sign);
    const weights = new Float64Array(this.#parameters);
    sums.fill(0);
    const counted = parts.map(() => ({ remained: 0, elected: 0 }));
    await each((i, index, integer) => {
      const own = counted[i] ?? { remained: 0, elected: 0 };
      own.remained++;
      if (Math.sign(integer) !== signs[index]) return;
      own.elected++;
      sums[index] = (sums[index] ?? 0) + (tokens[i] ?? 0) * integer;
      weights[index] = (weights[index] ?? 0) + (tokens[i] ?? 0);
    });
    await inSlices(this.#parameters, (from, to) => {
      for (let i = from; i < to; i++)
        sums[i] = signs[i] === 0 ? 0 : ((sums[i] ?? 0) * unit) / (weights[i] ?? 0);
    });
    const shares = counted.map(({ remained, elected }) => (remained === 0 ? 1 : elected / remained));
    return { delta: sums, excluded: [], shares };
  }
}

/** Calls `take` with the integers of at least this magnitude, in the order of the values. */
async function remaining(
  part: Part,
  least: number,
  take: (index: number, integer: number) => void,
): Promise<void> {
  await part.decode(({ integers, indices, from }) => {
    for (let i = 0; i < integers.length; i++) {
      const integer = integers[i] ?? 0;
      if (Math.abs(integer) >= least) take(indices === null ? from + i : (indices[i] ?? 0), integer);
    }
  });
}
