import { WireError } from '../strict.ts';
import { type DenseCodec, RefusalCode } from '../tapestry_pb.js';
import { decodersOfBlocks } from './blocks.ts';
import type { Codec } from './codec.ts';
import { bad, greatestMagnitude, isUsableGrid, powerOfTwo, shiftFor } from './grid.ts';

/** The numbers of a dense codec: bits 2 … 8, block >= 1, and a grid from 2^exponent to 2^(exponent + maxShift). */
export type DenseSettings = Omit<DenseCodec, '$typeName' | '$unknown'>;

/**
 * The dense codec: its payload holds every parameter of a delta as an integer. Values are cut into blocks of `block` (the
 * last may be shorter). A block is one byte, its shift s, and then its values as two's-complement integers q of `bits`
 * bits, packed from the lowest bit up; unused bits of its last byte are zero. A q represents q * 2^(s + exponent),
 * with |q| <= 2^(bits-1) - 1 and s <= maxShift. The length of a payload depends only on the number of values.
 *
 * Throws WireError OUT_OF_LIMIT for fewer than two bits, an empty block, a clip norm that is not positive, and a grid with
 * points that are not normal f32.
 */
export function denseCodec(settings: DenseSettings): Codec {
  const { bits, block, exponent, maxShift, clipNorm } = settings;
  const usable = bits >= 2 && bits <= 8 && block >= 1 && isUsableGrid({ exponent, maxShift }) && clipNorm > 0;
  if (!usable) throw new WireError(RefusalCode.OUT_OF_LIMIT, 'the dense codec has no grid');
  const greatest = 2 ** (bits - 1) - 1;
  const grid: Grid = { bits, block, maxShift, greatest, unit: powerOfTwo(exponent) };
  return {
    unit: grid.unit,
    greatestInteger: greatest * 2 ** maxShift,
    clipNorm,
    feedbackDecay: 1,
    block,
    payloadBytes: (length) => payloadBytes(length, grid),
    encode: (values, decoded) => encode(values, decoded, grid),
    ...decodersOfBlocks(block, (payload, length, from, integers) =>
      decodeRange(payload, length, from, integers, grid),
    ),
  };
}

interface Grid {
  readonly bits: number;
  readonly block: number;
  readonly maxShift: number;
  /** Greatest magnitude of q. */
  readonly greatest: number;
  readonly unit: number;
}

function payloadBytes(length: number, { bits, block }: Grid): number {
  const whole = Math.floor(length / block);
  const rest = length - whole * block;
  return whole * (1 + Math.ceil((block * bits) / 8)) + (rest > 0 ? 1 + Math.ceil((rest * bits) / 8) : 0);
}

/** Rounds to the nearest point of the finest grid that holds the block; a value past the coarsest grid saturates. */
function encode(values: Float32Array, decoded: Float32Array, grid: Grid): Uint8Array<ArrayBuffer> {
  const { bits, block, maxShift, greatest, unit } = grid;
  const mask = 2 ** bits - 1;
  const payload = new Uint8Array(payloadBytes(values.length, grid));
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
  return payload;
}

/**
 * Fills `integers` with those of the values from `from` on. It begins at a block, and ends after one. Refuses a wrong length, a shift past
 * `maxShift`, the integer -2^(bits-1), whose negative does not fit, and bits set after a block's last value.
 */
function decodeRange(
  payload: Uint8Array,
  length: number,
  from: number,
  integers: Int32Array,
  grid: Grid,
): Int32Array {
  const { bits, block, maxShift, greatest } = grid;
  if (payload.length !== payloadBytes(length, grid)) throw bad(`has ${payload.length} bytes`);
  const to = from + integers.length;
  const mask = 2 ** bits - 1;
  const signShift = 32 - bits;
  let at = (from / block) * (1 + Math.ceil((block * bits) / 8));
  for (let start = from; start < to; start += block) {
    const end = Math.min(start + block, length);
    const shift = payload[at++] ?? 0;
    if (shift > maxShift) throw bad(`has shift ${shift} at value ${start}`);
    if (bits === 8) {
      // The usual case, several times as fast as cutting bits.
      for (let i = start; i < end; i++) {
        const q = ((payload[at++] ?? 0) << 24) >> 24;
        if (q < -greatest) throw bad(`has ${q} at value ${i}`);
        integers[i - from] = q << shift;
      }
      continue;
    }
    let pending = 0;
    let held = 0;
    for (let i = start; i < end; i++) {
      if (held < bits) {
        pending |= (payload[at++] ?? 0) << held;
        held += 8;
      }
      const q = ((pending & mask) << signShift) >> signShift;
      if (q < -greatest) throw bad(`has ${q} at value ${i}`);
      integers[i - from] = q << shift;
      pending >>>= bits;
      held -= bits;
    }
    if (pending !== 0) throw bad(`has bits after value ${end - 1}`);
  }
  return integers;
}
