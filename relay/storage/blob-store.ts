import type { Hash } from '../wire/hex.ts';

/** A range of a blob's bytes; `end` is the index of its last byte. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A blob that can be read; `size` is the length of the whole blob, whichever range `bytes` gives. */
export interface OpenBlob {
  readonly size: number;
  /** Reads from the store only as fast as its consumer reads. Errors if the store fails or the blob is removed. */
  readonly bytes: ReadableStream<Uint8Array>;
}

/** Payloads and parameter vectors, each named by the SHA-256 of its bytes and never changed. */
export interface BlobStore {
  /**
   * Durable on return. Writes even if the blob exists, which restarts its age for `sweep`. A caller that has computed the
   * hash of the bytes passes it.
   * Throws `disk.full` or `disk.failed`; the blob may then be stored or not, and can be put again.
   */
  put(bytes: Uint8Array<ArrayBuffer>, hash?: Hash): Promise<Hash>;
  /** The bytes; null if there is no such blob, or if its bytes no longer have this hash. */
  get(hash: Hash): Promise<Uint8Array<ArrayBuffer> | null>;
  /** A stream of the blob or of a range of it, cut at the blob's end; null if there is no such blob. Bytes are not checked. */
  open(hash: Hash, span?: Span): Promise<OpenBlob | null>;
  /** A URL that serves the blob for `seconds` seconds; null if the relay serves it itself. */
  address(hash: Hash, seconds: number): Promise<URL | null>;
  /**
   * Removes the blobs that `keep` rejects and that were put more than `olderThan` milliseconds ago: a young blob may be
   * one whose journal entry is still to be written. Asks `keep` for every blob. Returns how many were removed.
   */
  sweep(keep: (hash: Hash) => boolean, olderThan: number): Promise<number>;
}

/** A parameter vector as the bytes that are hashed, stored and served: float32, little-endian, as every engine holds it. */
export function bytesOfVector(vector: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** The inverse of `bytesOfVector`, as a copy; null if the bytes are not `length` finite float32. */
export function vectorOfBytes(bytes: Uint8Array, length: number): Float32Array<ArrayBuffer> | null {
  if (bytes.length !== length * 4) return null;
  const vector = new Float32Array(new Uint8Array(bytes).buffer);
  return vector.every(Number.isFinite) ? vector : null;
}
