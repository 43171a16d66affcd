import { createHash } from 'node:crypto';
import { type FileSystem, temporarySuffix, writeDurably } from './files.ts';
import { type Hash, isHash } from './wire/hex.ts';

/**
 * Payloads, bases and momenta as files named by the SHA-256 of their bytes: blobs/<first 2 digits>/<hash>. A blob is
 * written once, durably, and never changed; a crash can leave one that nothing names, which `sweep` removes.
 */
export class BlobStore {
  readonly #files: FileSystem;
  readonly #folder: string;
  /** Folders that are known to be there for ever. */
  readonly #shelves = new Set<string>();

  constructor(files: FileSystem, folder: string) {
    this.#files = files;
    this.#folder = `${folder}/blobs`;
  }

  /** Durable on return. Throws `disk.full` or `disk.failed`, and then holds no part of it. */
  async put(bytes: Uint8Array): Promise<Hash> {
    const hash = hashOfBytes(bytes);
    const shelf = this.#shelf(hash);
    if (!this.#shelves.has(shelf)) {
      await this.#files.makeFolder(shelf);
      await this.#files.syncFolder(this.#folder);
      this.#shelves.add(shelf);
    }
    await writeDurably(this.#files, shelf, hash, bytes);
    return hash;
  }

  /** The bytes, or null when there are none under this hash, or none that still have it. */
  async get(hash: Hash): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await this.#files.read(this.path(hash));
    return bytes !== null && hashOfBytes(bytes) === hash ? bytes : null;
  }

  path(hash: Hash): string {
    return `${this.#shelf(hash)}/${hash}`;
  }

  async has(hash: Hash): Promise<boolean> {
    return (await this.#files.list(this.#shelf(hash))).includes(hash);
  }

  /** Every hash that there is a file of. */
  async names(): Promise<Hash[]> {
    return (await this.#entries()).map(({ name }) => name).filter(isHash);
  }

  async removeAll(hashes: Iterable<Hash>): Promise<void> {
    for (const hash of hashes) await this.#files.remove(this.path(hash));
  }

  /** Removes everything whose name is not in `keep`: blobs of what never reached the journal, and cut-off writes. */
  async sweep(keep: ReadonlySet<Hash>): Promise<void> {
    for (const { path, name } of await this.#entries()) if (!keep.has(name)) await this.#files.remove(path);
  }

  /** Files that are a blob's, or a cut-off write's. */
  async #entries(): Promise<{ path: string; name: string }[]> {
    const entries: { path: string; name: string }[] = [];
    for (const shelf of await this.#files.list(this.#folder)) {
      for (const name of await this.#files.list(`${this.#folder}/${shelf}`)) {
        if (isHash(name.replace(temporarySuffix, ''))) {
          entries.push({ path: `${this.#folder}/${shelf}/${name}`, name });
        }
      }
    }
    return entries;
  }

  #shelf(hash: Hash): string {
    return `${this.#folder}/${hash.slice(0, 2)}`;
  }
}

export function hashOfBytes(bytes: Uint8Array): Hash {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A parameter vector as the bytes that are hashed, stored and served: float32, little-endian, as every engine holds it. */
export function bytesOfVector(vector: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** The other way round, or null when the bytes are not `length` finite float32. The bytes are copied. */
export function vectorOfBytes(bytes: Uint8Array, length: number): Float32Array<ArrayBuffer> | null {
  if (bytes.length !== length * 4) return null;
  const vector = new Float32Array(new Uint8Array(bytes).buffer);
  return vector.every(Number.isFinite) ? vector : null;
}
