import { WireError } from '../strict.ts';
import { RefusalCode, type SparseCodec } from '../tapestry_pb.js';
import type { Chosen, Codec } from './codec.ts';
import { bad, isUsableGrid, powerOfTwo } from './grid.ts';
import { ascendingMagnitudes, greatestOnGrid, levelsOf, onGrid } from './magnitudes.ts';
import { bytesOf, pack, unusedOf } from './packing.ts';
import { ChunkChooser } from './sparse-choice.ts';

/** The numbers of a sparse codec: 1 <= top <= chunk <= 4096, 0 < feedbackDecay <= 1, and a grid as the dense codec's. */
export type SparseSettings = Omit<SparseCodec, '$typeName' | '$unknown'>;

/** Bits of an index in its chunk, and of a value's sign and magnitude. */
const indexBits = 12;
const codeBits = 2;
/** Bytes before the indices: the shift, the lower magnitude and the higher one. */
const headBytes = 3;
/** Integers of one slice: of a usual delta those of 262,144 values, whose sums a processor's cache holds. */
const sliceIntegers = 4096;

/**
 * The sparse codec (SparseLoCo, arXiv 2508.15706): its payload holds the values of greatest magnitude. Values are cut into
 * chunks of `chunk` (the last may be shorter). A chunk of n values holds k = ceil(n top / chunk) of them: one byte each for
 * the shift s, the lower and the higher magnitude, 1 <= low <= high <= 255; then k indices of 12 bits, ascending; then k
 * codes of 2 bits, of which bit 0 is the sign and bit 1 chooses the higher magnitude. Bits are packed from the lowest up, and
 * unused bits of the last byte of indices and of codes are zero. A value is +-magnitude * 2^(s + exponent), and never 0.
 *
 * Each delta has one encoding of its magnitudes: high >= 128 unless s is 0. The length of a payload depends only on the
 * number of values. With chunks of 4,096 and the top 64 it is 0.2246 bits a value.
 *
 * Throws WireError OUT_OF_LIMIT for settings that are not usable.
 */
export function sparseCodec(settings: SparseSettings): Codec {
  const { chunk, top, exponent, maxShift, clipNorm, feedbackDecay } = settings;
  const usable =
    top >= 1 &&
    top <= chunk &&
    chunk <= 2 ** indexBits &&
    isUsableGrid({ exponent, maxShift }) &&
    clipNorm > 0 &&
    feedbackDecay > 0 &&
    feedbackDecay <= 1;
  if (!usable) throw new WireError(RefusalCode.OUT_OF_LIMIT, 'the sparse codec has no grid');
  const shape: Shape = { chunk, top, maxShift, unit: powerOfTwo(exponent) };
  const atOnce = chunk * Math.max(1, Math.floor(sliceIntegers / top));
  const most = (atOnce / chunk) * top;
  let integers = new Int32Array(0);
  let indices = new Uint32Array(0);
  const decodeSlice = (payload: Uint8Array, length: number, from: number, until = length) => {
    if (integers.length === 0) [integers, indices] = [new Int32Array(most), new Uint32Array(most)];
    const to = Math.min(length, from + atOnce, Math.ceil(until / chunk) * chunk);
    const count = decodeRange(payload, length, { from, to }, shape, { integers, indices });
    return { from, to, integers: integers.subarray(0, count), indices: indices.subarray(0, count) };
  };
  return {
    unit: shape.unit,
    greatestInteger: greatestOnGrid * 2 ** maxShift,
    clipNorm,
    feedbackDecay,
    block: chunk,
    choice: {
      chunk,
      top,
      count: (length) => chosenCount(length, shape),
      encode: (length, chosen, sent) => encodeChosen(length, chosen, sent, shape),
    },
    payloadBytes: (length) => payloadBytes(length, shape),
    encode: (values, decoded) => encode(values, decoded, shape),
    decode(payload, length, add) {
      for (let from = 0; from < length; ) {
        const slice = decodeSlice(payload, length, from);
        for (const [i, integer] of slice.integers.entries()) add(slice.indices[i] ?? 0, integer);
        from = slice.to;
      }
    },
    decodeSlice,
  };
}

interface Shape {
  readonly chunk: number;
  readonly top: number;
  readonly maxShift: number;
  readonly unit: number;
}

/** How many values a chunk of `length` values holds. */
const heldOf = (length: number, { chunk, top }: Shape) => Math.ceil((length * top) / chunk);

function chunkBytes(length: number, shape: Shape): number {
  const held = heldOf(length, shape);
  return headBytes + bytesOf(held, indexBits) + bytesOf(held, codeBits);
}

function payloadBytes(length: number, shape: Shape): number {
  const whole = Math.floor(length / shape.chunk);
  const rest = length - whole * shape.chunk;
  return whole * chunkBytes(shape.chunk, shape) + (rest > 0 ? chunkBytes(rest, shape) : 0);
}

/** How many values the payload of `length` values holds. */
function chosenCount(length: number, shape: Shape): number {
  const whole = Math.floor(length / shape.chunk);
  return whole * shape.top + heldOf(length - whole * shape.chunk, shape);
}

function encode(values: Float32Array, decoded: Float32Array, shape: Shape): Uint8Array<ArrayBuffer> {
  const { length } = values;
  const { chunk } = shape;
  const count = chosenCount(length, shape);
  const chosen = { places: new Uint32Array(count), values: new Float32Array(count) };
  const chooser = new ChunkChooser(values, chunk);
  eachChunk(length, shape, (start, size, held, at) => {
    chooser.choose(start, start + size, held, chosen, at);
  });
  const sent = new Float32Array(count);
  const payload = encodeChosen(length, chosen, sent, shape);
  decoded.fill(0);
  eachChunk(length, shape, (start, _, held, at) => {
    for (let i = at; i < at + held; i++) decoded[start + (chosen.places[i] ?? 0)] = sent[i] ?? 0;
  });
  return payload;
}

/** Calls `each` with every chunk: where it starts, its values, how many the payload holds, and the number of those before it. */
function eachChunk(
  length: number,
  shape: Shape,
  each: (start: number, size: number, held: number, at: number) => void,
): void {
  let at = 0;
  for (let start = 0; start < length; start += shape.chunk) {
    const size = Math.min(shape.chunk, length - start);
    const held = heldOf(size, shape);
    each(start, size, held, at);
    at += held;
  }
}

function encodeChosen(
  length: number,
  { places, values }: Chosen,
  sent: Float32Array,
  shape: Shape,
): Uint8Array<ArrayBuffer> {
  const { maxShift, unit } = shape;
  const payload = new Uint8Array(payloadBytes(length, shape));
  let byte = 0;
  eachChunk(length, shape, (start, size, held, at) => {
    const { border, ...levels } = levelsOf(ascendingMagnitudes(values, at, at + held));
    const [shift, low, high] = onGrid(levels, { unit, maxShift }, 1);
    payload.set([shift, low, high], byte);
    const step = unit * (1 << shift);
    const isHigh = (i: number) => Math.abs(values[at + i] ?? 0) >= border;
    let before = -1;
    const indicesAt = byte + headBytes;
    const codesAt = pack(payload, indicesAt, held, indexBits, (i) => {
      const place = places[at + i] ?? 0;
      if (place <= before || place >= size) throw bad(`has index ${place} after ${before} at value ${start}`);
      before = place;
      return place;
    });
    byte = pack(payload, codesAt, held, codeBits, (i) => {
      const isNegative = (values[at + i] ?? 0) < 0;
      const magnitude = (isHigh(i) ? high : low) * step;
      sent[at + i] = isNegative ? -magnitude : magnitude;
      return (isHigh(i) ? 2 : 0) + (isNegative ? 1 : 0);
    });
  });
  return payload;
}

/**
 * Writes the indices and integers of the values from `from`, the beginning of a chunk, to before `to`, the end of one; how many
 * they are. A relay decodes each payload three times, so the loop reads its bits in place: two indices in three bytes, four codes in one.
 */
function decodeRange(
  payload: Uint8Array,
  length: number,
  { from, to }: { readonly from: number; readonly to: number },
  shape: Shape,
  { integers, indices }: { readonly integers: Int32Array; readonly indices: Uint32Array },
): number {
  const { chunk, maxShift } = shape;
  if (payload.length !== payloadBytes(length, shape)) throw bad(`has ${payload.length} bytes`);
  let at = (from / chunk) * chunkBytes(chunk, shape);
  let count = 0;
  for (let start = from; start < to; start += chunk) {
    const size = Math.min(chunk, length - start);
    const held = heldOf(size, shape);
    const [shift, low, high] = [payload[at] ?? 0, payload[at + 1] ?? 0, payload[at + 2] ?? 0];
    if (shift > maxShift) throw bad(`has shift ${shift} at value ${start}`);
    if (low === 0) throw bad(`has a magnitude of zero at value ${start}`);
    if (high < low) throw bad(`has magnitudes in the wrong order at value ${start}`);
    if (shift > 0 && high < 128) throw bad(`has a shift that is too large at value ${start}`);
    const indicesAt = at + headBytes;
    const codesAt = indicesAt + bytesOf(held, indexBits);
    at = codesAt + bytesOf(held, codeBits);
    const unusedBits =
      unusedOf(payload[codesAt - 1], held * indexBits) | unusedOf(payload[at - 1], held * codeBits);
    if (unusedBits !== 0) throw bad(`has bits after the numbers of the chunk at value ${start}`);
    let before = -1;
    for (let i = 0; i < held; i++) {
      const byte = indicesAt + ((i * indexBits) >> 3);
      const pair = (payload[byte] ?? 0) | ((payload[byte + 1] ?? 0) << 8);
      const index = i & 1 ? pair >> 4 : pair & 0xfff;
      if (index <= before || index >= size) throw bad(`has index ${index} after ${before} at value ${start}`);
      before = index;
      const code = (payload[codesAt + (i >> 2)] ?? 0) >> ((i & 3) * codeBits);
      const magnitude = (code & 2 ? high : low) << shift;
      indices[count] = start + index;
      integers[count++] = code & 1 ? -magnitude : magnitude;
    }
  }
  return count;
}
