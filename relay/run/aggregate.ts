import type { Codec, Slice } from '../wire/codec/codec.ts';
import { WireError } from '../wire/frames.ts';
import { RefusalCode } from '../wire/tapestry_pb.js';
import { nextTurn } from './next-turn.ts';

/**
 * True if every sum of a round is exact: `target` deltas of the greatest integer, each weighted by the most tokens, stay
 * below 2^53, so every partial sum is an integer that a float64 holds. A manifest for which this is false is refused.
 */
export function sumsAreExact(
  { greatestInteger }: Pick<Codec, 'greatestInteger'>,
  maxTokens: number,
  target: number,
): boolean {
  return greatestInteger * maxTokens * target < 2 ** 53;
}

/**
 * How much a decoded delta may exceed the clip norm, as a fraction of it. An honest node clips before it rounds; with the
 * least sufficient shift of each block, rounding lengthens a delta by far less than this.
 */
export const normTolerance = 1 / 64;

/**
 * The L2 norm above which a decoded delta of so many values is refused: clip_norm (1 + tolerance) + half a grid unit
 * a value, which is the rounding of values finer than the grid.
 */
function greatestNorm({ clipNorm, unit }: Codec, values: number): number {
  return clipNorm * (1 + normTolerance) + (Math.sqrt(values) * unit) / 2;
}

/** Takes a slice of a payload, whose arrays it must not store. */
export type TakeSlice = (slice: Slice) => void;

/** Values of one slice of plain arithmetic: about a millisecond of work. */
const sliceValues = 2 ** 18;

/** Calls `work` for all of `length` values in slices of `atOnce`, between which the event loop serves others. */
export async function inSlices(
  length: number,
  work: (from: number, to: number) => void,
  atOnce = sliceValues,
): Promise<void> {
  for (let from = 0; from < length; from += atOnce) {
    if (from > 0) await nextTurn();
    work(from, Math.min(length, from + atOnce));
  }
}

/** Integers that are decoded between two turns of the event loop: about a millisecond of work. */
const integersATurn = 65_536;

/** Values of a vector, from `from` to before `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Decodes a payload in slices, between which the event loop serves others: all its values, or those of a span, of whose borders none
 * need be that of a block. See `Codec.decodeSlice`.
 */
export async function decodeInSlices(
  payload: Uint8Array,
  values: number,
  codec: Codec,
  take: TakeSlice,
  span: Span = { from: 0, to: values },
): Promise<void> {
  let integers = 0;
  const wanted = { from: span.from, to: Math.min(values, span.to) };
  for (let from = wanted.from - (wanted.from % codec.block); from < wanted.to; ) {
    if (integers >= integersATurn) {
      integers = 0;
      await nextTurn();
    }
    const slice = codec.decodeSlice(payload, values, from, wanted.to);
    take(within(slice, wanted));
    integers += slice.integers.length;
    from = slice.to;
  }
}

/** What a slice holds of a span. It shares the slice's memory. */
function within(slice: Slice, span: Span): Slice {
  const [from, to] = [Math.max(slice.from, span.from), Math.min(slice.to, span.to)];
  if (from === slice.from && to === slice.to) return slice;
  const { integers, indices } = slice;
  if (indices === null)
    return { from, to, integers: integers.subarray(from - slice.from, to - slice.from), indices };
  let [first, end] = [0, indices.length];
  while (first < end && (indices[first] ?? 0) < from) first++;
  while (end > first && (indices[end - 1] ?? 0) >= to) end--;
  return { from, to, integers: integers.subarray(first, end), indices: indices.subarray(first, end) };
}

/** The sum of squares so far and those of these integers, added in their order. Values that a payload leaves out add nothing. */
export function plusSquares(squares: number, integers: Int32Array): number {
  let sum = squares;
  for (let i = 0; i < integers.length; i++) {
    const integer = integers[i] ?? 0;
    sum += integer * integer;
  }
  return sum;
}

/**
 * Rejects with WireError for a payload that may not be added: BAD_PAYLOAD if it does not decode, NORM_EXCEEDED if its
 * delta is too long. The sum of squares runs in the order of the indices in float64, so every verifier decides the same.
 */
export async function checkPayload(payload: Uint8Array, values: number, codec: Codec): Promise<void> {
  let squares = 0;
  await decodeInSlices(payload, values, codec, ({ integers }) => {
    squares = plusSquares(squares, integers);
  });
  if (Math.sqrt(squares) * codec.unit > greatestNorm(codec, values))
    throw new WireError(RefusalCode.NORM_EXCEEDED, 'the delta is longer than the clip norm');
}
