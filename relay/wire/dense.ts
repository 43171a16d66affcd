import { WireError } from './strict.ts';
import { type Codec, CodecKind, RefusalCode } from './tapestry_pb.js';

/**
 * The dense payload: every parameter of a delta as an integer on the run's grid. Values are cut into blocks of `block`
 * (the last may be shorter). A block is one byte, its shift s, and then its values as two's-complement integers q of
 * `bits` bits, packed from the lowest bit up; the bits left over in its last byte are zero. A value stands for
 * q * 2^(s + exponent), with |q| <= 2^(bits-1) - 1 and s <= maxShift. The length depends on nothing but the number of
 * values, so neither does the payload's size.
 */
export interface DenseCodec {
  /** 2 … 8. */
  readonly bits: number;
  readonly block: number;
  readonly exponent: number;
  readonly maxShift: number;
  /** Greatest L2 norm of a delta. Who encodes clips to it before, who adds checks it after; the codec does neither. */
  readonly clipNorm: number;
}

/**
 * A manifest's codec, held to what the loops below rely on: at least two bits, a block that is not empty, and a grid
 * whose every point is a normal f32. Throws WireError OUT_OF_LIMIT.
 */
export function denseCodecOf(codec: Codec): DenseCodec {
  const { kind, bits, block, exponent, maxShift, clipNorm } = codec;
  const usable =
    kind === CodecKind.DENSE &&
    bits >= 2 &&
    bits <= 8 &&
    block >= 1 &&
    exponent >= -126 &&
    exponent + maxShift <= 64 &&
    maxShift <= 16 &&
    clipNorm > 0;
  if (!usable) throw new WireError(RefusalCode.OUT_OF_LIMIT, 'the codec has no grid');
  return { bits, block, exponent, maxShift, clipNorm };
}

/** Exact length in bytes of the payload of `length` values. */
export function densePayloadBytes(length: number, codec: DenseCodec): number {
  const { bits, block } = codec;
  const whole = Math.floor(length / block);
  const rest = length - whole * block;
  return whole * (1 + Math.ceil((block * bits) / 8)) + (rest > 0 ? 1 + Math.ceil((rest * bits) / 8) : 0);
}

/** 2^exponent: what one unit of the integers that `decodeDense` gives is worth. Exact on every engine. */
export function gridUnit(codec: DenseCodec): number {
  const factor = codec.exponent < 0 ? 0.5 : 2;
  let unit = 1;
  for (let i = Math.abs(codec.exponent); i > 0; i--) unit *= factor;
  return unit;
}

/**
 * Rounds to the nearest point of the finest grid that holds the block; a value past the coarsest saturates. `decoded`
 * is what the relay will add, so that `values - decoded` is the error to feed back next round. Throws WireError
 * NOT_FINITE on NaN and infinities.
 */
export function encodeDense(
  values: Float32Array,
  codec: DenseCodec,
): { payload: Uint8Array<ArrayBuffer>; decoded: Float32Array<ArrayBuffer> } {
  const { bits, block, maxShift } = codec;
  const unit = gridUnit(codec);
  const greatest = 2 ** (bits - 1) - 1;
  const mask = 2 ** bits - 1;
  const payload = new Uint8Array(densePayloadBytes(values.length, codec));
  const decoded = new Float32Array(values.length);
  let at = 0;
  for (let start = 0; start < values.length; start += block) {
    const end = Math.min(start + block, values.length);
    const shift = shiftFor(greatestMagnitude(values, start, end) / unit, greatest, maxShift);
    const step = unit * (1 << shift);
    // A power of two has an exact inverse, and multiplying is much faster than dividing.
    const inverse = 1 / step;
    payload[at++] = shift;
    let pending = 0;
    let held = 0;
    for (let i = start; i < end; i++) {
      const rounded = Math.round((values[i] ?? 0) * inverse);
      const q = Math.max(-greatest, Math.min(greatest, rounded));
      decoded[i] = q * step;
      pending |= (q & mask) << held;
      held += bits;
      if (held >= 8) {
        payload[at++] = pending;
        pending >>>= 8;
        held -= 8;
      }
    }
    if (held > 0) payload[at++] = pending;
  }
  return { payload, decoded };
}

/**
 * The integers q << s of `length` values. Throws WireError BAD_PAYLOAD for anything `encodeDense` cannot have made: a
 * wrong length, a shift past `maxShift`, the integer -2^(bits-1), or bits set after a block's last value.
 */
export function decodeDense(payload: Uint8Array, length: number, codec: DenseCodec): Int32Array<ArrayBuffer> {
  const { bits, block, maxShift } = codec;
  if (payload.length !== densePayloadBytes(length, codec)) throw bad(`has ${payload.length} bytes`);
  const mask = 2 ** bits - 1;
  const lowest = -(2 ** (bits - 1));
  const signShift = 32 - bits;
  const integers = new Int32Array(length);
  let at = 0;
  for (let start = 0; start < length; start += block) {
    const end = Math.min(start + block, length);
    const shift = payload[at++] ?? 0;
    if (shift > maxShift) throw bad(`has shift ${shift} at value ${start}`);
    let pending = 0;
    let held = 0;
    for (let i = start; i < end; i++) {
      if (held < bits) {
        pending |= (payload[at++] ?? 0) << held;
        held += 8;
      }
      const q = ((pending & mask) << signShift) >> signShift;
      if (q === lowest) throw bad(`has ${q} at value ${i}`);
      integers[i] = q << shift;
      pending >>>= bits;
      held -= bits;
    }
    if (pending !== 0) throw bad(`has bits after value ${end - 1}`);
  }
  return integers;
}

function greatestMagnitude(values: Float32Array, start: number, end: number): number {
  let greatest = 0;
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(values[i] ?? 0);
    // Also true of NaN, which no comparison would find.
    if (!(magnitude < Infinity)) throw new WireError(RefusalCode.NOT_FINITE, `value ${i} is ${values[i]}`);
    if (magnitude > greatest) greatest = magnitude;
  }
  return greatest;
}

/** The least shift under which `units` rounds to `greatest` or below. */
function shiftFor(units: number, greatest: number, maxShift: number): number {
  let shift = 0;
  while (shift < maxShift && units >= (greatest + 0.5) * (1 << shift)) shift++;
  return shift;
}

function bad(what: string): WireError {
  return new WireError(RefusalCode.BAD_PAYLOAD, `the payload ${what}`);
}
