import { createHash } from 'node:crypto';
import type { FileSystem } from './files.ts';
import type { NodeKey } from './round.ts';
import { type Hash, isHash } from './wire/hex.ts';

/**
 * Payloads on their way: partial/<node key>-<payload hash>, one file an upload, so that a node goes on where it was
 * after its connection broke or the relay restarted. They are not part of the run: nothing in them is acknowledged.
 *
 * A file is a row of records: length (u32 LE), the same with every bit inverted, SHA-256 of the data, data. What a
 * crash tore is thus found and cut away, instead of spoiling an upload that is then refused as a whole.
 */
export class PartialStore {
  readonly #files: FileSystem;
  readonly #folder: string;

  constructor(files: FileSystem, folder: string) {
    this.#files = files;
    this.#folder = `${folder}/partial`;
  }

  /**
   * Bytes held of an upload of `total`; what a crash tore is cut away. Of one that is whole the last record goes too,
   * so that there is always a chunk to come, whose answer is the acknowledgement. The node's other uploads are dropped.
   */
  async resume(key: NodeKey, payload: Hash, total: number): Promise<number> {
    const name = nameOf(key, payload);
    const path = `${this.#folder}/${name}`;
    for (const other of await this.#files.list(this.#folder)) {
      if (other.startsWith(key) && other !== name) await this.#files.remove(`${this.#folder}/${other}`);
    }
    const bytes = await this.#files.read(path);
    if (bytes === null) return 0;
    const { records, end } = readRecords(bytes);
    const held = records.reduce((sum, record) => sum + record.length, 0);
    const surplus = held < total ? 0 : (records.at(-1)?.length ?? 0);
    const keep = surplus === 0 ? end : end - headerBytes - surplus;
    if (keep < bytes.length) await this.#files.truncate(path, keep);
    return held - surplus;
  }

  /** Adds a chunk. Throws `disk.full` or `disk.failed`; what it then left behind, `resume` cuts away. */
  async append(key: NodeKey, payload: Hash, data: Uint8Array): Promise<void> {
    await this.#files.append(`${this.#folder}/${nameOf(key, payload)}`, recordOf(data));
  }

  /** All bytes of an upload that are held and whole. */
  async read(key: NodeKey, payload: Hash): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#files.read(`${this.#folder}/${nameOf(key, payload)}`);
    return concatenate(bytes === null ? [] : readRecords(bytes).records);
  }

  async remove(key: NodeKey, payload: Hash): Promise<void> {
    await this.#files.remove(`${this.#folder}/${nameOf(key, payload)}`);
  }

  /** How many uploads are under way, of nodes that are here and of nodes that may come back. */
  async count(): Promise<number> {
    return (await this.#files.list(this.#folder)).length;
  }

  /** Drops every upload: their round is over. */
  async sweep(): Promise<void> {
    for (const name of await this.#files.list(this.#folder))
      await this.#files.remove(`${this.#folder}/${name}`);
  }
}

const headerBytes = 40;

/**
 * The whole records at the beginning of `bytes`, and where they end. `damaged` says whether what follows cannot be a
 * record that a crash cut short.
 */
export function readRecords(bytes: Uint8Array): { records: Uint8Array[]; end: number; damaged: boolean } {
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
    if (!createHash('sha256').update(data).digest().equals(digest)) return { records, end, damaged: true };
    records.push(data);
    end += headerBytes + length;
  }
  return { records, end, damaged: false };
}

/** Whether a file in partial/ is named as an upload. */
export function isPartialName(name: string): boolean {
  const [key = '', payload = '', ...rest] = name.split('-');
  return isHash(key) && isHash(payload) && rest.length === 0;
}

function nameOf(key: NodeKey, payload: Hash): string {
  return `${key}-${payload}`;
}

function recordOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint32(0, data.length, true);
  header.setUint32(4, ~data.length, true);
  return concatenate([new Uint8Array(header.buffer), createHash('sha256').update(data).digest(), data]);
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
