import type { Random } from '../../client/random.ts';

/** All that a hostile person knows of a round: everything. */
export interface Sight {
  /** The honest nodes' deltas, as the relay decodes them. */
  readonly honest: readonly Float32Array[];
  /** Those of the rounds before, the oldest first. */
  readonly before: readonly (readonly Float32Array[])[];
  /** The greatest norm that the relay accepts. */
  readonly bound: number;
  readonly steps: number;
  /** The number of the hostile key, from 0. */
  readonly key: number;
  /** Differs for each key and round. */
  readonly random: Random;
}

/** The delta that a hostile key sends; it is encoded afterwards. */
export type Attack = (sight: Sight) => Float32Array<ArrayBuffer>;

const opposed =
  (part: number): Attack =>
  ({ honest, bound }) =>
    scaledTo(sumOf(honest).map(negated), bound * part);

/** Rounds by which a stale delta is old. */
const staleRounds = 5;

export const attacks: Readonly<Record<string, Attack>> = {
  random: ({ honest, bound, random }) =>
    scaledTo(
      first(honest).map(() => random.normal()),
      bound,
    ),
  negative: opposed(1),
  'negative-fifth': opposed(1 / 5),
  // Inner-product manipulation (Xie et al. 2019, arXiv 1903.03936): no longer than an honest delta.
  'negative-hidden': ({ honest }) => scaledTo(sumOf(honest).map(negated), normOf(first(honest))),
  'sign-flipped': ({ honest, key }) => own(honest, key).map(negated),
  scaled: ({ honest, key, bound }) => scaledTo(own(honest, key), bound),
  stale: ({ honest, before, key }) => own(before.at(-staleRounds) ?? before[0] ?? honest, key),
  // A little is enough (Baruch et al. 2019, arXiv 1902.06156): away from the mean, but within the honest deltas' spread.
  'within-spread': ({ honest }) => {
    const sum = sumOf(honest);
    return sum.map((total, i) => {
      const middle = total / honest.length;
      const variance = honest.reduce((squares, one) => squares + ((one[i] ?? 0) - middle) ** 2, 0);
      return middle - 1.5 * Math.sign(middle) * Math.sqrt(variance / honest.length);
    });
  },
  copied: ({ honest }) => first(honest),
  // No work at all: noise of a hundredth of an honest delta's length.
  'free-riding': ({ honest, random }) =>
    scaledTo(
      first(honest).map(() => random.normal()),
      normOf(first(honest)) / 100,
    ),
  // The work of about one step, with the weight of all.
  'over-claimed': ({ honest, key, steps }) => own(honest, key).map((value) => value / steps),
};

/** The honest delta that this key imitates. */
function own(honest: readonly Float32Array[], key: number): Float32Array<ArrayBuffer> {
  return new Float32Array(honest[key % honest.length] ?? []);
}

function first(honest: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  return new Float32Array(honest[0] ?? []);
}

const negated = (value: number) => -value;

function sumOf(deltas: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const sum = new Float32Array(deltas[0]?.length ?? 0);
  for (const delta of deltas) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (delta[i] ?? 0);
  return sum;
}

function normOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((squares, value) => squares + value * value, 0));
}

function scaledTo(values: Float32Array<ArrayBuffer>, norm: number): Float32Array<ArrayBuffer> {
  const scale = norm / normOf(values);
  return values.map((value) => value * scale);
}
