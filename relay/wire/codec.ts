/**
 * Encodes a delta as a payload and decodes a payload into integers. All integers of a run are on one grid: an integer
 * represents the value integer * unit, so sums of integers are exact sums of deltas.
 */
export interface Codec {
  /** The value that the integer 1 represents: a power of two. */
  readonly unit: number;
  /** Greatest magnitude of an integer that `decode` gives. */
  readonly greatestInteger: number;
  /** Greatest L2 norm of a delta. A node clips to it before it encodes and the relay checks it; the codec does neither. */
  readonly clipNorm: number;
  /** Exact length in bytes of the payload of `length` values. */
  payloadBytes(length: number): number;
  /**
   * The payload of `values`. Writes into `decoded`, which has the same length, the values that the payload represents:
   * `values - decoded` is the rounding error. Throws WireError NOT_FINITE on NaN and infinities.
   */
  encode(values: Float32Array, decoded: Float32Array): Uint8Array<ArrayBuffer>;
  /**
   * The integers of the payload of `length` values; a value that the payload leaves out is 0. Throws WireError BAD_PAYLOAD for
   * a payload that `encode` cannot have made.
   */
  decode(payload: Uint8Array, length: number): Int32Array;
  /**
   * Like `decode`, but only the values of one slice, which takes about a millisecond: those from index `from` on, which is 0 or
   * the end of a slice. It is not empty unless `from` is `length`.
   * The array is used again by the next call.
   */
  decodeSlice(payload: Uint8Array, length: number, from: number): Int32Array;
}
