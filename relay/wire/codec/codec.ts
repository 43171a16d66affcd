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
  /** The part of the error-feedback residual that a node adds to its next delta: above 0, at most 1. */
  readonly feedbackDecay: number;
  /** Each part of so many values is encoded by itself: the payload is theirs, one after another. */
  readonly block: number;
  /** How it chooses the values that a payload holds; absent where it holds all. */
  readonly choice?: Choice;
  /** Exact length in bytes of the payload of `length` values. */
  payloadBytes(length: number): number;
  /**
   * The payload of `values`. Writes into `decoded`, which has the same length, the values that the payload represents:
   * `values - decoded` is the encoding error. Throws WireError NOT_FINITE on NaN and infinities.
   */
  encode(values: Float32Array, decoded: Float32Array): Uint8Array<ArrayBuffer>;
  /**
   * Calls `add` with the index and the integer of each value that the payload of `length` values holds, in the order of the
   * values. A value that the payload leaves out is 0. Throws WireError BAD_PAYLOAD for a payload that `encode` cannot have
   * made; `add` may have been called before.
   */
  decode(payload: Uint8Array, length: number, add: (index: number, integer: number) => void): void;
  /**
   * Like `decode`, but only the values of one slice, which takes about a millisecond: those from index `from` on, which is a multiple
   * of `block`, and at most to the end of the block of the value before `to` (`length` unless given). It is not empty unless `from` is
   * `length`. The arrays are used again by the next call.
   */
  decodeSlice(payload: Uint8Array, length: number, from: number, to?: number): Slice;
}

/** The integers that a payload holds of the values from `from` to before `to`, in the order of the values. */
export interface Slice {
  readonly from: number;
  readonly to: number;
  readonly integers: Int32Array;
  /** The index of the value of each integer, ascending; null if every value has one. */
  readonly indices: Uint32Array | null;
}

/** The values that a payload holds of a vector, chunk by chunk. */
export interface Chosen {
  /** The place of each value in its chunk, ascending. */
  readonly places: Uint32Array;
  readonly values: Float32Array;
}

/**
 * Of each chunk of `chunk` values (the last may be shorter) of n values, the ceil(n top / chunk) of greatest magnitude; of equal ones the
 * first. They may be chosen elsewhere, as a graphics card does: the payload then has the same bytes.
 */
export interface Choice {
  readonly chunk: number;
  readonly top: number;
  /** How many values are chosen of `length`. */
  count(length: number): number;
  /**
   * The payload of `length` values of which these were chosen. Writes into `sent`, which has an element for each, the values that the
   * payload represents. Throws WireError NOT_FINITE on NaN and infinities, and BAD_PAYLOAD where a place is not above the one before in
   * its chunk or not in it.
   */
  encode(length: number, chosen: Chosen, sent: Float32Array): Uint8Array<ArrayBuffer>;
}
