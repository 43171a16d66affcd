import type { Random } from '../../client/random.ts';
import type { Codec } from '../../relay/wire/codec/codec.ts';

/** All that a hostile person knows of a round: everything. */
export interface Sight {
  /** The honest nodes' deltas, as the relay decodes them. */
  readonly honest: readonly Float32Array[];
  readonly codec: Codec;
  readonly steps: number;
  /** Differs for each key and round. */
  readonly random: Random;
}

/** The delta that a hostile key sends; it is encoded afterwards. */
export type Attack = (sight: Sight) => Float32Array<ArrayBuffer>;

const opposed =
  (part: number): Attack =>
  ({ honest, codec }) =>
    scaledTo(sumOf(honest).map(negated), codec.clipNorm * part);

export const attacks: Readonly<Record<string, Attack>> = {
  garbage: ({ honest, codec, random }) =>
    scaledTo(
      first(honest).map(() => random.normal()),
      codec.clipNorm,
    ),
  negative: opposed(1),
  'negative-fifth': opposed(1 / 5),
  // Inner-product manipulation (Xie et al. 2019, arXiv 1903.03936): no longer than an honest delta.
  'negative-hidden': ({ honest }) => scaledTo(sumOf(honest).map(negated), normOf(first(honest))),
  'sign-flipped': ({ honest }) => first(honest).map(negated),
  // A little is enough (Baruch et al. 2019, arXiv 1902.06156): away from the mean, but within the honest deltas' spread.
  'within-spread': ({ honest }) => {
    const sum = sumOf(honest);
    return sum.map((total, i) => {
      const middle = total / honest.length;
      const variance = honest.reduce((squares, one) => squares + ((one[i] ?? 0) - middle) ** 2, 0);
      return middle - 1.5 * Math.sign(middle) * Math.sqrt(variance / honest.length);
    });
  },
  copied: ({ honest }) => first(honest).slice(),
  // The work of about one step, with the weight of all.
  'over-claimed': ({ honest, steps }) => first(honest).map((value) => value / steps),
};

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
