import { TapestryError } from '../errors.ts';

/**
 * What a round of local training changed: base minus locally trained parameters (the pseudo-gradient of DiLoCo,
 * arXiv 2311.08105), no longer than the run's clip norm.
 *
 * This class is the only thing that the uplink encodes, and `between` the only way to make one: parameters, gradients,
 * activations and derivatives have no way to become a `BaseDelta`.
 */
export class BaseDelta {
  /** In the layout's order, padding included. */
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
   * The delta of a local training that began at `base` and ended at `local`, both of the same layout.
   * @throws TapestryError `delta.not-finite` where training diverged; such a delta is never sent
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
        'Nothing to do: the round is given up and training goes on from the next base.',
      );
    }
    return new BaseDelta(clipped(values, norm, clipNorm), norm);
  }

  /** Whether `value` was made by `between`. */
  static is(value: unknown): value is BaseDelta {
    return typeof value === 'object' && value !== null && #minted in value;
  }
}

/** L2 norm, summed in float64 in order. NaN or infinite where any value is. */
export function normOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
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
