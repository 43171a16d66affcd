import { inSlices } from '../aggregate.ts';

type Vector = Float32Array<ArrayBuffer>;

/** What a run goes on from, and the parameters from which its later work is sent up. */
export interface MixedBase {
  readonly base: Vector;
  readonly reference: Vector;
}

/**
 * The upstream base mixed into the own one, as HALoS's local server does (arXiv 2506.04531, algorithm 1), and beyond it with the work that
 * is not sent yet. With U the upstream base, S the own parameters up to which work is in U, C the current base and w the weight:
 *
 *     reference = S + w (U - S)        base = reference + (C - S)
 *
 * The next contribution is `reference` less the base at that time, so what was done since S goes up then, once. With w = 1 and C = S the
 * base is U. Each value is computed in float64 with + - * only, in this order, and rounded once to float32.
 */
export async function mixedBase(
  upstream: Vector,
  sent: Vector,
  current: Vector,
  weight: number,
): Promise<MixedBase> {
  const [base, reference] = [new Float32Array(current.length), new Float32Array(current.length)];
  await inSlices(current.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const own = sent[i] ?? 0;
      const mixed = Math.fround(own + weight * ((upstream[i] ?? 0) - own));
      reference[i] = mixed;
      base[i] = mixed + ((current[i] ?? 0) - own);
    }
  });
  return { base, reference };
}
