/** The limits of a run for the nodes that contribute to it. Sizes in bytes. */
export interface RunLimits {
  /** Total size and number of the payloads that are checked and stored at a time; the others wait. */
  readonly payloadBytesInHand: number;
  readonly payloadsInHand: number;
  /** Disk for the payloads of uploads under way, each counted whole. */
  readonly uploadBytes: number;
  /** A chunk but the last of a payload has at least so many bytes, or a 64th of a payload that is shorter than 64 of these. */
  readonly smallestChunk: number;
  /** Whole payloads of one key in a round that were refused; after so many its offers are. */
  readonly refusedPayloads: number;
}

export const defaultRunLimits: RunLimits = {
  payloadBytesInHand: 64 << 20,
  payloadsInHand: 32,
  uploadBytes: 4 * 2 ** 30,
  smallestChunk: 4_096,
  refusedPayloads: 8,
};
