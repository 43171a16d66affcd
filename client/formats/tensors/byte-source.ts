/** Bytes that are read by ranges, so that a file larger than the memory can be used: a file, a Blob or an array. */
export interface ByteSource {
  readonly size: number;
  /** Reads exactly `length` bytes from `offset` on. Rejects if the source ends before. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The bytes of an array as a source. */
export function sourceOf(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    size: bytes.length,
    async read(offset, length) {
      if (offset + length > bytes.length) throw new RangeError('the source ends before the range');
      return bytes.subarray(offset, offset + length);
    },
  };
}
