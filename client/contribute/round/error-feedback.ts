import type { Codec } from '../../../relay/wire/codec/codec.ts';
import { TapestryError } from '../../errors.ts';
import { BaseDelta, clipped, normOf } from './base-delta.ts';

/** An encoded delta, and what its encoding left out. */
export interface EncodedDelta {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The residual for the next round, if the relay accepts this payload. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/** Factor that brings a norm back below the limit after encoding raised it; too close to 1 to affect training. */
const shrink = 1 - 2 ** -12;

/** Scaling to the limit takes one or two turns; more are needed only where a payload cannot be that short. */
const mostTurns = 64;

/**
 * Encodes with error feedback (Seide et al. 2014; Karimireddy et al. 2019, arXiv 1901.09847): adds the residual, which is
 * what the payloads before left out, times the codec's `feedbackDecay` (SparseLoCo, arXiv 2508.15706), and encodes the sum
 * so that what the payload represents is no longer than the codec's clip norm.
 *
 * The residual never holds the part that clipping removed, because clipping bounds a node's influence, and sending that part
 * a round later would undo the bound. The new residual replaces the old one when the relay acknowledges the payload.
 * Otherwise `returned` gives the residual.
 *
 * @throws TapestryError `delta.bound-too-small` for a clip norm that no payload of this codec is below
 */
export function encodeDelta(delta: BaseDelta, residual: Float32Array, codec: Codec): EncodedDelta {
  if (!BaseDelta.is(delta)) throw new TypeError('only a BaseDelta leaves a node');
  const { values } = delta;
  if (residual.length !== values.length) throw new RangeError('delta and residual differ in length');
  const { clipNorm, feedbackDecay } = codec;
  const compensated = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++)
    compensated[i] = (values[i] ?? 0) + feedbackDecay * (residual[i] ?? 0);
  const decoded = new Float32Array(values.length);
  let payload = codec.encode(compensated, decoded);
  // The relay refuses a payload that represents a longer delta than the limit.
  let turns = 0;
  for (let norm = normOf(decoded); norm > clipNorm; norm = normOf(decoded)) {
    if (++turns > mostTurns) throw boundTooSmall();
    clipped(compensated, norm, clipNorm * shrink);
    payload = codec.encode(compensated, decoded);
  }
  const left = compensated;
  for (let i = 0; i < left.length; i++) left[i] = (left[i] ?? 0) - (decoded[i] ?? 0);
  return { payload, residual: left };
}

/**
 * The residual after a contribution that does not count: it was refused, late or lost. `before` is the residual before its round.
 *
 * If the codec's residual decays, the whole delta returns to it: what its encoding left out, and what its payload
 * represents. Repeated losses then add up to at most 1 / (1 - decay) deltas. Without decay they would have no bound, and the
 * delta is dropped.
 */
export function returned(
  { payload, residual }: EncodedDelta,
  before: Float32Array<ArrayBuffer>,
  codec: Codec,
): Float32Array<ArrayBuffer> {
  if (codec.feedbackDecay === 1) return before;
  const whole = residual.slice();
  codec.decode(payload, whole.length, (index, integer) => {
    whole[index] = (whole[index] ?? 0) + integer * codec.unit;
  });
  return whole;
}

function boundTooSmall(): TapestryError {
  return new TapestryError(
    'delta.bound-too-small',
    'The run allows only deltas that are shorter than its codec can express.',
    'Leave this run, and tell the operator of its relay to start one with a greater clip norm.',
  );
}
