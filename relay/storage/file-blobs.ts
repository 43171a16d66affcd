import { contentHash } from '../../client/sha256.ts';
import { type Hash, isHash } from '../wire/hex.ts';
import type { BlobStore, OpenBlob, Span } from './blob-store.ts';
import { type FileSystem, writeDurably } from './files.ts';
import { temporarySuffix } from './temporary-suffix.ts';

/**
 * How much of a file is read at a time: the most that a download holds in memory, also one that nobody reads. No file stays
 * open between two reads.
 */
const readBytes = 64 * 1024;

/** Blobs as files: blobs/<first 2 digits>/<hash>. A crash can leave a blob that no entry names, or a cut-off write. */
export class FileBlobs implements BlobStore {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #now: () => number;
  /** Folders whose names are durable. */
  readonly #shelves = new Set<string>();
  /** Blobs that are being written: two writes of one blob would share a temporary file. */
  readonly #writing = new Map<Hash, Promise<void>>();
  /** Blobs that a sweep is looking at: a write waits, so that it is not what the sweep removes. */
  readonly #sweeping = new Map<Hash, Promise<boolean>>();

  /** `now` is the clock of the files' modification times, in milliseconds since 1970. */
  constructor(files: FileSystem, folder: string, now: () => number = Date.now) {
    this.#files = files;
    this.#folder = `${folder}/blobs`;
    this.#now = now;
  }

  async put(bytes: Uint8Array<ArrayBuffer>, known?: Hash): Promise<Hash> {
    const hash = known ?? (await contentHash(bytes));
    const writing = this.#writing.get(hash) ?? this.#write(hash, bytes);
    this.#writing.set(hash, writing);
    try {
      await writing;
    } finally {
      this.#writing.delete(hash);
    }
    return hash;
  }

  async #write(hash: Hash, bytes: Uint8Array): Promise<void> {
    await this.#sweeping.get(hash)?.catch(() => undefined);
    const shelf = this.#shelf(hash);
    if (!this.#shelves.has(shelf)) {
      await this.#files.makeFolder(shelf);
      await this.#files.syncFolder(this.#folder);
      this.#shelves.add(shelf);
    }
    await writeDurably(this.#files, shelf, hash, bytes);
  }

  async get(hash: Hash): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await this.#files.read(this.#path(hash));
    return bytes !== null && (await contentHash(bytes)) === hash ? bytes : null;
  }

  async open(hash: Hash, span?: Span): Promise<OpenBlob | null> {
    const path = this.#path(hash);
    const file = isHash(hash) ? await this.#files.stat(path) : null;
    if (file === null) return null;
    const end = Math.min(file.size, (span?.end ?? file.size) + 1);
    return { size: file.size, bytes: this.#stream(path, span?.start ?? 0, end) };
  }

  async address(): Promise<URL | null> {
    return null;
  }

  async sweep(keep: (hash: Hash) => boolean, olderThan: number): Promise<number> {
    const before = this.#now() - olderThan;
    let removed = 0;
    for (const shelf of await this.#files.list(this.#folder)) {
      for (const name of await this.#files.list(`${this.#folder}/${shelf}`)) {
        const hash = name.replace(temporarySuffix, '');
        // Other programs name files by hashes too, but not in folders of their first two digits.
        if (!isHash(hash) || !hash.startsWith(shelf) || shelf.length !== 2) continue;
        // What is being written is young, whatever its file's time says, and its write needs the file.
        if (this.#writing.has(hash) || this.#sweeping.has(hash) || (isHash(name) && keep(name))) continue;
        const removing = this.#removeOlder(`${this.#folder}/${shelf}/${name}`, before);
        this.#sweeping.set(hash, removing);
        try {
          if (await removing) removed++;
        } finally {
          this.#sweeping.delete(hash);
        }
      }
    }
    return removed;
  }

  async #removeOlder(path: string, before: number): Promise<boolean> {
    const file = await this.#files.stat(path);
    if (file === null || file.modified > before) return false;
    await this.#files.remove(path);
    return true;
  }

  #stream(path: string, start: number, end: number): ReadableStream<Uint8Array> {
    let at = start;
    return new ReadableStream(
      {
        pull: async (controller) => {
          const length = Math.min(readBytes, end - at);
          const bytes = length > 0 ? await this.#files.readPart(path, at, length) : new Uint8Array(0);
          if (bytes.length < length) throw new Error(`${path} ended early`);
          at += length;
          if (length > 0) controller.enqueue(bytes);
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #shelf(hash: Hash): string {
    return `${this.#folder}/${hash.slice(0, 2)}`;
  }

  #path(hash: Hash): string {
    return `${this.#shelf(hash)}/${hash}`;
  }
}
