/** Bytes that hold `count` numbers of `bits` bits. */
export const bytesOf = (count: number, bits: number): number => Math.ceil((count * bits) / 8);

/** Packs `count` numbers of `bits` bits, the first in the lowest bits, from byte `at` on; the byte after them. */
export function pack(
  payload: Uint8Array,
  at: number,
  count: number,
  bits: number,
  numberOf: (i: number) => number,
): number {
  let next = at;
  let pending = 0;
  let held = 0;
  for (let i = 0; i < count; i++) {
    pending |= numberOf(i) << held;
    for (held += bits; held >= 8; held -= 8) {
      payload[next++] = pending;
      pending >>>= 8;
    }
  }
  if (held > 0) payload[next++] = pending;
  return next;
}

/** The bits of the last byte that none of `bits` bits uses. */
export function unusedOf(last: number | undefined, bits: number): number {
  return bits % 8 === 0 ? 0 : (last ?? 0) >> (bits % 8);
}
