import type { Codec, Slice } from './codec.ts';

/** Values of one slice: about a millisecond of work. */
const sliceValues = 65_536;

/**
 * Both ways to decode a payload of blocks of `block` values, from one that fills `integers` with the values from `from` on, of the
 * `length` that the payload holds. `from` is where a block begins.
 */
export function decodersOfBlocks(
  block: number,
  decodeRange: (payload: Uint8Array, length: number, from: number, integers: Int32Array) => Int32Array,
): Pick<Codec, 'decode' | 'decodeSlice'> {
  const atOnce = Math.max(block, sliceValues - (sliceValues % block));
  // Memory that is new for each slice would take longer than decoding it.
  let slice = new Int32Array(0);
  return {
    decode(payload, length, add) {
      const integers = decodeRange(payload, length, 0, new Int32Array(length));
      for (let i = 0; i < length; i++) add(i, integers[i] ?? 0);
    },
    decodeSlice(payload, length, from, to = length): Slice {
      const values = Math.min(length - from, atOnce, Math.ceil((to - from) / block) * block);
      if (slice.length < values) slice = new Int32Array(values);
      const integers = decodeRange(payload, length, from, slice.subarray(0, values));
      return { from, to: from + values, integers, indices: null };
    },
  };
}
