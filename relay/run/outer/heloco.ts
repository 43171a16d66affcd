import { inSlices } from '../aggregate.ts';

export interface HeLoCoSettings {
  /** Sizes of the tensors, in the order of the vector. */
  readonly tensors: readonly number[];
  /** The cosine from which on a tensor is left as it is; above 0. */
  readonly aligned: number;
  /** How much of the way one that hardly agrees is turned at most; from 0 to 1. */
  readonly turn: number;
}

/** The thresholds of a new run. The abstract of HeLoCo gives none: these are ours. */
export const usualHeLoCo = { aligned: 0.2, turn: 0.5 } as const;

/**
 * A delta of which each tensor is corrected by the outer momentum (HeLoCo, arXiv 2606.00271; its abstract gives the idea, and the formulas
 * are ours). The momentum is the reference direction. With d a tensor of the delta, m that of the momentum, and cos their cosine:
 *
 * - cos >= aligned: d stays as it is, and so does one beside a momentum of zero.
 * - cos < 0: d is shortened along m by the share -cos confidence, so that what conflicts becomes less and the rest stays.
 * - between: d is turned towards m by the share turn (1 - cos) confidence, and stays as long as it is.
 *
 * confidence = |d| / (|d| + (1 - mu) |m|): a momentum is a sum of decaying deltas, of which (1 - mu) is as long as one, and a delta that
 * is short beside it says little. Sums run in the order of the values in float64, and only + - * / and square roots are used, so that every
 * engine gives the same bits. `delta` is not changed.
 */
export async function correctedByMomentum(
  delta: Float64Array,
  momentum: Float32Array,
  { tensors, aligned, turn, mu }: HeLoCoSettings & { readonly mu: number },
): Promise<Float64Array> {
  const next = delta.slice();
  let offset = 0;
  for (const size of tensors) {
    const own = next.subarray(offset, offset + size);
    const reference = momentum.subarray(offset, offset + size);
    offset += size;
    const [length, other] = [Math.sqrt(await dot(own, own)), Math.sqrt(await dot(reference, reference))];
    if (length === 0 || other === 0) continue;
    const cosine = (await dot(own, reference)) / (length * other);
    if (cosine >= aligned) continue;
    const confidence = length / (length + (1 - mu) * other);
    if (cosine < 0) {
      const along = (-cosine * confidence * (cosine * length)) / other;
      await inSlices(size, (from, to) => {
        for (let i = from; i < to; i++) own[i] = (own[i] ?? 0) - along * (reference[i] ?? 0);
      });
      continue;
    }
    const share = turn * (1 - cosine) * confidence;
    await inSlices(size, (from, to) => {
      for (let i = from; i < to; i++)
        own[i] = ((1 - share) * (own[i] ?? 0)) / length + (share * (reference[i] ?? 0)) / other;
    });
    const scale = length / Math.sqrt(await dot(own, own));
    await inSlices(size, (from, to) => {
      for (let i = from; i < to; i++) own[i] = (own[i] ?? 0) * scale;
    });
  }
  return next;
}

async function dot(one: Float32Array | Float64Array, other: Float32Array | Float64Array): Promise<number> {
  let sum = 0;
  await inSlices(one.length, (from, to) => {
    for (let i = from; i < to; i++) sum += (one[i] ?? 0) * (other[i] ?? 0);
  });
  return sum;
}
