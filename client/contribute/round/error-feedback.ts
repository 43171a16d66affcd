import type { Codec } from '../../../relay/wire/codec.ts';
import { BaseDelta, clipped, normOf } from './base-delta.ts';

/** An encoded delta, and the rounding error that its encoding left. */
export interface EncodedDelta {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The residual for the next round, if the relay accepts this payload. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/** Factor that brings a norm back below the limit after rounding raised it; too close to 1 to affect training. */
const shrink = 1 - 2 ** -12;

/**
 * Encodes with error feedback (Seide et al. 2014; Karimireddy et al. 2019, arXiv 1901.09847): adds the rounding error of
 * the last accepted delta to this one, clips the sum to the run's norm, and encodes it.
 *
 * The residual holds only the rounding error. It never holds the part that clipping removed, because clipping bounds a
 * node's influence, and sending that part a round later would undo the bound. The new residual replaces the old one only
 * when the relay acknowledges the payload. A delta that is refused or too late leaves the old residual unchanged.
 */
export function encodeDelta(delta: BaseDelta, residual: Float32Array, codec: Codec): EncodedDelta {
  if (!BaseDelta.is(delta)) throw new TypeError('only a BaseDelta leaves a node');
  const { values } = delta;
  if (residual.length !== values.length) throw new RangeError('delta and residual differ in length');
  const compensated = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) compensated[i] = (values[i] ?? 0) + (residual[i] ?? 0);
  clipped(compensated, normOf(compensated), codec.clipNorm);
  const decoded = new Float32Array(values.length);
  let payload = codec.encode(compensated, decoded);
  // Rounding to the grid can raise the norm of a vector above the limit, and the relay refuses such a payload.
  for (let norm = normOf(decoded); norm > codec.clipNorm; norm = normOf(decoded)) {
    clipped(compensated, norm, codec.clipNorm * shrink);
    payload = codec.encode(compensated, decoded);
  }
  const left = compensated;
  for (let i = 0; i < left.length; i++) left[i] = (left[i] ?? 0) - (decoded[i] ?? 0);
  return { payload, residual: left };
}
