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
  const { clipNorm } = codec;
  const left = compensated(delta.values, residual, codec);
  const decoded = new Float32Array(left.length);
  let payload = codec.encode(left, decoded);
  // The relay refuses a payload that represents a longer delta than the limit.
  let turns = 0;
  for (let norm = normOf(decoded); norm > clipNorm; norm = normOf(decoded)) {
    if (++turns > mostTurns) throw boundTooSmall();
    clipped(left, norm, clipNorm * shrink);
    payload = codec.encode(left, decoded);
  }
  for (let i = 0; i < left.length; i++) left[i] = (left[i] ?? 0) - (decoded[i] ?? 0);
  return { payload, residual: left };
}

/**
 * The residual after a contribution that does not count: it was refused, late or lost. What its encoding left out, which is
 * `residual`, and what its payload represents return together; see `lost`.
 */
export function returned({ payload, residual }: EncodedDelta, codec: Codec): Float32Array<ArrayBuffer> {
  const whole = residual.slice();
  codec.decode(payload, whole.length, (index, integer) => {
    whole[index] = (whole[index] ?? 0) + integer * codec.unit;
  });
  return lost(whole, codec);
}

/** The residual after a round that closed before its delta could be encoded; `residual` is the one before the round. */
export function withLate(
  { values }: BaseDelta,
  residual: Float32Array,
  codec: Codec,
): Float32Array<ArrayBuffer> {
  return lost(compensated(values, residual, codec), codec);
}

/**
 * How much of lost work returns where residuals do not decay. If all of it did, the next delta would be twice as long, and the merge
 * a longer step in the place of the one that it missed: with half of all contributions lost, the loss at equal tokens was 13.6% above that of one node,
 * 8.9% with this share and 9.6% with none (docs/measured.md).
 */
const lostShare = 0.5;

/**
 * What returns of lost work, and of the residual before it. Where residuals decay, all does, and repeated losses add up to at most
 * 1 / (1 - decay) deltas. Elsewhere they add up to less than one.
 */
function lost(whole: Float32Array<ArrayBuffer>, { feedbackDecay }: Codec): Float32Array<ArrayBuffer> {
  return feedbackDecay < 1 ? whole : whole.map((value) => value * lostShare);
}

/**
 * A delta and the decayed residual together. Each product and sum is rounded to f32 on its own: this is what graphics cards do, so that
 * both give the same bits.
 */
function compensated(
  values: Float32Array,
  residual: Float32Array,
  { feedbackDecay }: Codec,
): Float32Array<ArrayBuffer> {
  if (residual.length !== values.length) throw new RangeError('delta and residual differ in length');
  // An index is much faster than the iterator that `from` uses.
  const whole = new Float32Array(values.length);
  const decay = Math.fround(feedbackDecay);
  for (let i = 0; i < whole.length; i++)
    whole[i] = (values[i] ?? 0) + Math.fround(decay * (residual[i] ?? 0));
  return whole;
}

function boundTooSmall(): TapestryError {
  return new TapestryError(
    'delta.bound-too-small',
    'The run allows only deltas that are shorter than its codec can express.',
    'Leave this run, and tell the operator of its relay to start one with a greater clip norm.',
  );
}
