import type { Codec } from '../../../relay/wire/codec/codec.ts';

/** The integer of each of the `length` values of a payload. */
export function integersOf(codec: Codec, payload: Uint8Array, length: number): Int32Array<ArrayBuffer> {
  const integers = new Int32Array(length);
  codec.decode(payload, length, (index, integer) => {
    integers[index] = integer;
  });
  return integers;
}
