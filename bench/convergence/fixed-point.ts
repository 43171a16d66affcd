import type { Codec } from '../../relay/wire/codec/codec.ts';

/** Each value in 32 bits: integers of 2^-28, which deltas of a round are far inside. It has almost no rounding to compare with. */
export function fixedPointCodec(clipNorm: number): Codec {
  const unit = 2 ** -28;
  const greatestInteger = 2 ** 31 - 1;
  const integersOf = (payload: Uint8Array, length: number) =>
    new Int32Array(payload.slice().buffer).subarray(0, length);
  return {
    ...{ unit, greatestInteger, clipNorm, feedbackDecay: 1, block: 1 },
    payloadBytes: (length) => 4 * length,
    encode(values, decoded) {
      const integers = Int32Array.from(values, (value) =>
        Math.max(-greatestInteger, Math.min(greatestInteger, Math.round(value / unit))),
      );
      decoded.set(integers);
      for (let i = 0; i < decoded.length; i++) decoded[i] = (decoded[i] ?? 0) * unit;
      return new Uint8Array(integers.buffer);
    },
    decode(payload, length, add) {
      for (const [i, integer] of integersOf(payload, length).entries()) add(i, integer);
    },
    decodeSlice: (payload, length) => ({
      ...{ from: 0, to: length },
      integers: integersOf(payload, length),
      indices: null,
    }),
  };
}
