import { type Hash, isHash, type NodeKey, toHex } from '../wire/hex.ts';
import type { FileEnd, FileSystem } from './files.ts';
import { digestOf, hashOfBytes } from './sha256.ts';

/** The stored part of a node's upload. */
interface Held {
  readonly payload: Hash;
  /** Null if the file must be read first: after a start, and after a write that failed. */
  bytes: number | null;
  chunks: number;
  /** Length of the last chunk. */
  last: number;
}

/**
 * Payloads that are being uploaded: partial/<node key>-<payload hash>, one file for each node, so that a node resumes its
 * upload after its connection broke or the relay restarted. They are not part of the run: nothing in them is acknowledged.
 *
 * A file is a sequence of records: length (u32 LE), the same with every bit inverted, SHA-256 of the data, data. A record that
 * a crash cut short is found and removed; without records the whole upload would be refused at its end. A file is read once
 * after a start. Then its length is known, and the cost of an offer or a chunk does not grow with the upload.
 *
 * Calls for one key must not overlap.
 */
export class UploadStore {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #held = new Map<NodeKey, Held>();
  /** Files that are open, the one that was written last at the end: opening one for each chunk would cost more than writing it. */
  readonly #ends = new Map<NodeKey, FileEnd>();

  private constructor(files: FileSystem, folder: string) {
    this.#files = files;
    this.#folder = uploadsFolder(folder);
  }

  static async open(files: FileSystem, folder: string): Promise<UploadStore> {
    const store = new UploadStore(files, folder);
    for (const name of await files.list(store.#folder)) {
      const [key = '', payload = ''] = name.split('-');
      if (!isUploadName(name)) continue;
      if (store.#held.has(key)) await files.remove(`${store.#folder}/${name}`);
      else store.#held.set(key, { payload, bytes: null, chunks: 0, last: 0 });
    }
    return store;
  }

  /** The nodes that have uploads here: connected ones and ones that may come back. */
  keys(): NodeKey[] {
    return [...this.#held.keys()];
  }

  /** The stored bytes of a node's upload; 0 without one, and for one that was not read since the start. */
  bytesOf(key: NodeKey): number {
    return this.#held.get(key)?.bytes ?? 0;
  }

  /**
   * The number of bytes stored of an upload of `total` bytes. Cuts off a torn end. Drops the last chunk of a
   * complete upload: the acknowledgement answers a last chunk, so the node must send one. Removes the node's upload of
   * another payload.
   */
  async resume(key: NodeKey, payload: Hash, total: number): Promise<number> {
    if (this.#held.get(key)?.payload !== payload) await this.remove(key);
    const held = this.#held.get(key);
    if (held === undefined) return 0;
    let bytes = held.bytes ?? (await this.#readHeld(key, held));
    if (bytes >= total && held.chunks > 0) {
      bytes -= held.last;
      const chunks = held.chunks - 1;
      held.bytes = null;
      await this.#files.truncate(this.#path(key, payload), bytes + chunks * headerBytes);
      Object.assign(held, { bytes, chunks, last: 0 });
    }
    return bytes;
  }

  /** Adds a chunk. Throws `disk.full` or `disk.failed`; the next `resume` removes what this call wrote. */
  async append(key: NodeKey, payload: Hash, data: Uint8Array): Promise<void> {
    const held = this.#held.get(key) ?? { payload, bytes: 0, chunks: 0, last: 0 };
    this.#held.set(key, held);
    const { bytes } = held;
    held.bytes = null;
    await this.#write(key, payload, [headerOf(data), data]);
    if (bytes === null) return;
    Object.assign(held, { bytes: bytes + data.length, chunks: held.chunks + 1, last: data.length });
  }

  /** Removes the node's upload. */
  async remove(key: NodeKey): Promise<void> {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.bytes = null;
    await this.#closeEnd(key);
    await this.#files.remove(this.#path(key, held.payload));
    this.#held.delete(key);
  }

  /** Removes every upload. */
  async removeAll(): Promise<void> {
    for (const key of this.keys()) await this.remove(key);
  }

  /** Closes its files. */
  async close(): Promise<void> {
    for (const key of [...this.#ends.keys()]) await this.#closeEnd(key);
  }

  async #write(key: NodeKey, payload: Hash, parts: readonly Uint8Array[]): Promise<void> {
    const end = this.#ends.get(key) ?? (await this.#files.openEnd(this.#path(key, payload)));
    // The end that was written last is the last in the map.
    this.#ends.delete(key);
    this.#ends.set(key, end);
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined && this.#ends.size > mostEnds) void this.#closeEnd(oldest).catch(() => {});
    try {
      await end.append(...parts);
    } catch (error) {
      await this.#closeEnd(key).catch(() => {});
      throw error;
    }
  }

  async #closeEnd(key: NodeKey): Promise<void> {
    const end = this.#ends.get(key);
    this.#ends.delete(key);
    await end?.close();
  }

  async #readHeld(key: NodeKey, held: Held): Promise<number> {
    const path = this.#path(key, held.payload);
    const file = (await this.#files.read(path)) ?? new Uint8Array(0);
    const { records, end } = readRecords(file);
    if (end < file.length) await this.#files.truncate(path, end);
    const bytes = records.reduce((sum, record) => sum + record.length, 0);
    Object.assign(held, { bytes, chunks: records.length, last: records.at(-1)?.length ?? 0 });
    return bytes;
  }

  #path(key: NodeKey, payload: Hash): string {
    return `${this.#folder}/${uploadName(key, payload)}`;
  }
}

/**
 * The bytes of an upload to the run in `folder`, whose records are not checked: the caller checks the hash of the whole payload.
 * No chunk may be added meanwhile.
 */
export async function readUpload(
  files: Pick<FileSystem, 'read'>,
  folder: string,
  key: NodeKey,
  payload: Hash,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await files.read(`${uploadsFolder(folder)}/${uploadName(key, payload)}`);
  return concatenate(bytes === null ? [] : readRecords(bytes, false).records);
}

const uploadsFolder = (folder: string) => `${folder}/partial`;
const uploadName = (key: NodeKey, payload: Hash) => `${key}-${payload}`;

const headerBytes = 40;

/** Files that are open at a time. */
const mostEnds = 256;

/**
 * The complete records at the beginning of `bytes`, and the offset after them. `damaged` is true if the bytes after them cannot be a
 * record that a crash cut short.
 */
export function readRecords(
  bytes: Uint8Array,
  isChecked = true,
): { records: Uint8Array[]; end: number; damaged: boolean } {
  const records: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;
  while (end < bytes.length) {
    if (bytes.length - end < headerBytes) return { records, end, damaged: false };
    const length = view.getUint32(end, true);
    if (~length >>> 0 !== view.getUint32(end + 4, true)) return { records, end, damaged: true };
    const data = bytes.subarray(end + headerBytes, end + headerBytes + length);
    if (data.length < length) return { records, end, damaged: false };
    const digest = bytes.subarray(end + 8, end + headerBytes);
    if (isChecked && hashOfBytes(data) !== toHex(digest)) return { records, end, damaged: true };
    records.push(data);
    end += headerBytes + length;
  }
  return { records, end, damaged: false };
}

/** Whether a file in partial/ is named as an upload. */
export function isUploadName(name: string): boolean {
  const [key = '', payload = '', ...rest] = name.split('-');
  return isHash(key) && isHash(payload) && rest.length === 0;
}

/** What a record has before its data. */
function headerOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(4, ~data.length, true);
  header.set(digestOf(data), 8);
  return header;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
