import type { BlobStore, OpenBlob, Span } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import type { Hash } from '../../../relay/wire/hex.ts';

/** Called at the beginning and end of each operation of a store; an error that it throws fails the operation. */
export type Fault = (writes: boolean) => void;

/**
 * Blobs in memory. `fault` may fail an operation before it does anything, or after it did everything (a lost answer).
 * `now` gives the times of writes, in milliseconds since 1970.
 */
export class MemoryBlobs implements BlobStore {
  fault: Fault;
  /** How often something was stored. */
  puts = 0;
  readonly #now: () => number;
  readonly #blobs = new Map<Hash, { bytes: Uint8Array<ArrayBuffer>; modified: number }>();

  constructor(now: () => number = Date.now, fault: Fault = () => {}) {
    this.#now = now;
    this.fault = fault;
  }

  async put(bytes: Uint8Array): Promise<Hash> {
    this.fault(true);
    const hash = hashOfBytes(bytes);
    this.#blobs.set(hash, { bytes: bytes.slice(), modified: this.#now() });
    this.puts++;
    this.fault(true);
    return hash;
  }

  async get(hash: Hash): Promise<Uint8Array<ArrayBuffer> | null> {
    this.fault(false);
    return this.#blobs.get(hash)?.bytes.slice() ?? null;
  }

  async open(hash: Hash, span?: Span): Promise<OpenBlob | null> {
    const bytes = await this.get(hash);
    if (bytes === null) return null;
    const part = bytes.subarray(span?.start ?? 0, (span?.end ?? bytes.length) + 1);
    const source = {
      start(controller: ReadableStreamDefaultController<Uint8Array>) {
        if (part.length > 0) controller.enqueue(part);
        controller.close();
      },
    };
    return { size: bytes.length, bytes: new ReadableStream(source) };
  }

  async address(): Promise<URL | null> {
    return null;
  }

  async sweep(keep: (hash: Hash) => boolean, olderThan: number): Promise<number> {
    this.fault(true);
    let removed = 0;
    for (const [hash, { modified }] of this.#blobs) {
      if (keep(hash) || modified > this.#now() - olderThan) continue;
      this.#blobs.delete(hash);
      removed++;
    }
    this.fault(true);
    return removed;
  }
}
