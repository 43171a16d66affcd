import { TapestryError } from '../../errors.ts';

/**
 * The change from a round of local training: base minus locally trained parameters (the pseudo-gradient of DiLoCo,
 * arXiv 2311.08105), clipped to the run's norm.
 *
 * A node encodes and sends only this class, and only `between` can make one. Parameters, gradients, activations and
 * derivatives therefore cannot be sent.
 */
export class BaseDelta {
  /** One value per parameter in the layout's order, padding included. */
  readonly values: Float32Array<ArrayBuffer>;
  /** L2 norm before clipping. */
  readonly norm: number;
  // A private member makes the type nominal: an object of the same shape is not a BaseDelta.
  readonly #minted: true;

  private constructor(values: Float32Array<ArrayBuffer>, norm: number) {
    this.values = values;
    this.norm = norm;
    this.#minted = true;
  }

  /**
   * The delta of local training that began at `base` and ended at `local`. Both have the same layout.
   * @throws TapestryError `delta.not-finite` if training diverged; such a delta is never sent
   */
  static between(base: Float32Array, local: Float32Array, clipNorm: number): BaseDelta {
    if (base.length !== local.length) throw new RangeError('base and local parameters differ in length');
    const values = new Float32Array(base.length);
    for (let i = 0; i < values.length; i++) values[i] = (base[i] ?? 0) - (local[i] ?? 0);
    const norm = normOf(values);
    if (!Number.isFinite(norm)) {
      throw new TapestryError(
        'delta.not-finite',
        'Training gave parameters that are not finite.',
        'The node drops this round and trains from the next base.',
      );
    }
    return new BaseDelta(clipped(values, norm, clipNorm), norm);
  }

  /** True if `between` made `value`. */
  static is(value: unknown): value is BaseDelta {
    return typeof value === 'object' && value !== null && #minted in value;
  }
}

/** L2 norm, summed in float64 in order. Not finite if any value is not finite. */
export function normOf(values: Float32Array): number {
  let sum = 0;
  // An index is much faster than the iterator.
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) ** 2;
  return Math.sqrt(sum);
}

/** Scales `values` in place so that their norm is at most `limit`. */
export function clipped<V extends Float32Array>(values: V, norm: number, limit: number): V {
  if (norm > limit) {
    const scale = limit / norm;
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * scale;
  }
  return values;
}
