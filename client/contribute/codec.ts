import { type DenseCodec, encodeDense } from '../../relay/wire/dense.ts';
import { BaseDelta, clipped, normOf } from './delta.ts';

/** A delta as it goes on the wire, and what the wire's grid could not hold of it. */
export interface EncodedDelta {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The residual for the next round, if the relay accepts this payload. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/** A shrink too small to matter to training that pulls a norm back under the limit after rounding pushed it past. */
const shrink = 1 - 2 ** -12;

/**
 * Encodes with error feedback (Seide et al. 2014; Karimireddy et al. 2019, arXiv 1901.09847): what rounding took from
 * the last accepted delta is added to this one, clipped to the run's norm, and encoded.
 *
 * The rule of the residual: it is what rounding takes off, never what clipping takes off (a bound on influence that came
 * back a round later would be no bound), and it replaces the old residual only once the relay has acknowledged the
 * payload. A delta that is refused or comes too late changes nothing: the old residual stays.
 */
export function encodeDelta(delta: BaseDelta, residual: Float32Array, codec: DenseCodec): EncodedDelta {
  if (!BaseDelta.is(delta)) throw new TypeError('only a BaseDelta leaves a node');
  const { values } = delta;
  if (residual.length !== values.length) throw new RangeError('delta and residual differ in length');
  const compensated = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) compensated[i] = (values[i] ?? 0) + (residual[i] ?? 0);
  clipped(compensated, normOf(compensated), codec.clipNorm);
  let encoded = encodeDense(compensated, codec);
  // Rounding to the grid can lengthen a vector that was clipped exactly to the limit, and the relay refuses that.
  for (let norm = normOf(encoded.decoded); norm > codec.clipNorm; norm = normOf(encoded.decoded)) {
    clipped(compensated, norm, codec.clipNorm * shrink);
    encoded = encodeDense(compensated, codec);
  }
  const left = compensated;
  for (let i = 0; i < left.length; i++) left[i] = (left[i] ?? 0) - (encoded.decoded[i] ?? 0);
  return { payload: encoded.payload, residual: left };
}
