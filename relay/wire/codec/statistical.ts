import { WireError } from '../strict.ts';
import { RefusalCode, type StatisticalCodec } from '../tapestry_pb.js';
import { decodersOfBlocks } from './blocks.ts';
import type { Codec } from './codec.ts';
import { bad, isUsableGrid, powerOfTwo } from './grid.ts';
import { ascendingMagnitudes, greatestOnGrid, levelsOf, onGrid } from './magnitudes.ts';
import { bytesOf, pack, unusedOf } from './packing.ts';

/** The numbers of a statistical codec: block >= 1, 0 < feedbackDecay <= 1, and a grid as the dense codec's. */
export type StatisticalSettings = Omit<StatisticalCodec, '$typeName' | '$unknown'>;

/** Bits of a value's sign and magnitude. */
const codeBits = 2;
/** Bytes before the codes: the shift, the lower magnitude and the higher one. */
const headBytes = 3;

/**
 * The statistical codec: its payload holds every value in 2 bits. Values are cut into blocks of `block` (the last may be shorter).
 * A block is one byte each for the shift s, the lower and the higher magnitude, 0 <= low <= high <= 255; then a code of 2 bits for
 * each value, of which bit 0 is the sign and bit 1 chooses the higher magnitude. Bits are packed from the lowest up, and unused
 * bits of the last byte are zero. A value is +-magnitude * 2^(s + exponent); a magnitude of zero has no sign.
 *
 * The magnitudes follow from the block's own values (MuLoCo, arXiv 2505.23725, finds that 2 bits hold only so). Its four bins of
 * +-6 standard deviations have fixed borders; the border here is the one with the least squared error, so it is never worse.
 *
 * Each delta has one encoding of its magnitudes: high >= 128 unless s is 0. The length of a payload depends only on the
 * number of values. With blocks of 4,096 it is 2.006 bits a value.
 *
 * Throws WireError OUT_OF_LIMIT for settings that are not usable.
 */
export function statisticalCodec(settings: StatisticalSettings): Codec {
  const { block, exponent, maxShift, clipNorm, feedbackDecay } = settings;
  const usable =
    block >= 1 &&
    isUsableGrid({ exponent, maxShift }) &&
    clipNorm > 0 &&
    feedbackDecay > 0 &&
    feedbackDecay <= 1;
  if (!usable) throw new WireError(RefusalCode.OUT_OF_LIMIT, 'the statistical codec has no grid');
  const shape: Shape = { block, maxShift, unit: powerOfTwo(exponent) };
  return {
    unit: shape.unit,
    greatestInteger: greatestOnGrid * 2 ** maxShift,
    clipNorm,
    feedbackDecay,
    block,
    payloadBytes: (length) => payloadBytes(length, block),
    encode: (values, decoded) => encode(values, decoded, shape),
    ...decodersOfBlocks(block, (payload, length, from, integers) =>
      decodeRange(payload, length, from, integers, shape),
    ),
  };
}

interface Shape {
  readonly block: number;
  readonly maxShift: number;
  readonly unit: number;
}

function payloadBytes(length: number, block: number): number {
  const whole = Math.floor(length / block);
  const rest = length - whole * block;
  const bytes = (values: number) => headBytes + bytesOf(values, codeBits);
  return whole * bytes(block) + (rest > 0 ? bytes(rest) : 0);
}

function encode(values: Float32Array, decoded: Float32Array, shape: Shape): Uint8Array<ArrayBuffer> {
  const { block, unit } = shape;
  const payload = new Uint8Array(payloadBytes(values.length, block));
  let at = 0;
  for (let start = 0; start < values.length; start += block) {
    const end = Math.min(start + block, values.length);
    const { border, ...levels } = levelsOf(ascendingMagnitudes(values, start, end));
    const [shift, low, high] = onGrid(levels, shape, 0);
    payload.set([shift, low, high], at);
    const step = unit * (1 << shift);
    at = pack(payload, at + headBytes, end - start, codeBits, (i) => {
      const value = values[start + i] ?? 0;
      const isHigh = Math.abs(value) >= border;
      const magnitude = (isHigh ? high : low) * step;
      const isNegative = value < 0 && magnitude > 0;
      decoded[start + i] = isNegative ? -magnitude : magnitude;
      return (isHigh ? 2 : 0) + (isNegative ? 1 : 0);
    });
  }
  return payload;
}

/** Fills `integers` with those of the values from `from` on, which is the beginning of a block; they end with one. */
function decodeRange(
  payload: Uint8Array,
  length: number,
  from: number,
  integers: Int32Array,
  { block, maxShift }: Shape,
): Int32Array {
  if (payload.length !== payloadBytes(length, block)) throw bad(`has ${payload.length} bytes`);
  const to = from + integers.length;
  let at = (from / block) * (headBytes + bytesOf(block, codeBits));
  for (let start = from; start < to; start += block) {
    const count = Math.min(block, length - start);
    const [shift = 0, low = 0, high = 0] = payload.subarray(at, at + headBytes);
    if (shift > maxShift) throw bad(`has shift ${shift} at value ${start}`);
    if (high < low) throw bad(`has magnitudes in the wrong order at value ${start}`);
    if (shift > 0 && high < 128) throw bad(`has a shift that is too large at value ${start}`);
    const levels = [low << shift, -(low << shift), high << shift, -(high << shift)];
    const codesAt = at + headBytes;
    at = codesAt + bytesOf(count, codeBits);
    if (unusedOf(payload[at - 1], count * codeBits) !== 0)
      throw bad(`has bits after the codes of the block at value ${start}`);
    for (let i = 0; i < count; i++) {
      const code = ((payload[codesAt + (i >> 2)] ?? 0) >> (2 * (i & 3))) & 3;
      const integer = levels[code] ?? 0;
      if (integer === 0 && (code & 1) === 1) throw bad(`has a zero with a sign at value ${start + i}`);
      integers[start - from + i] = integer;
    }
  }
  return integers;
}
