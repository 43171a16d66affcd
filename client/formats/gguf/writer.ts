import { bytesOf, encodeNumbers, type WrittenType } from '../tensors/number-type.ts';
import { sizeOf } from '../tensors/stored-tensor.ts';
import { magic, tensorTypes, usualAlignment, valueTypes, version } from './file.ts';

/** A value to write, with its type in the file. */
export type GgufPair =
  | { readonly type: 'uint32' | 'int32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s' | 'float32s'; readonly value: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** Extents of a row-major tensor. */
  readonly shape: readonly number[];
  readonly type: WrittenType;
  /** Called when the tensor is written, so that only one is in memory at once. */
  readonly values: () => Float32Array;
}

/** Encodes a GGUF file as its parts in order: the header, then each tensor with its padding. */
export function* encodeGguf(
  metadata: Readonly<Record<string, GgufPair>>,
  tensors: readonly GgufTensor[],
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  const header = new Writer();
  header.uint32(magic);
  header.uint32(version);
  header.uint64(tensors.length);
  const pairs = Object.entries(metadata);
  header.uint64(pairs.length);
  for (const [key, pair] of pairs) {
    header.text(key);
    header.pair(pair);
  }
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    header.text(name);
    header.uint32(shape.length);
    for (const extent of [...shape].reverse()) header.uint64(extent);
    header.uint32(tensorTypes[type]);
    header.uint64(offset);
    offset = padded(offset + bytesOf(type, sizeOf({ shape })));
  }
  const { length } = header;
  header.zeros(padded(length) - length);
  yield header.bytes();
  for (const { type, values } of tensors) {
    const bytes = encodeNumbers(type, values());
    yield bytes;
    const padding = padded(bytes.length) - bytes.length;
    if (padding > 0) yield new Uint8Array(padding);
  }
}

const padded = (length: number) => Math.ceil(length / usualAlignment) * usualAlignment;

/** Appends values to a growing array. */
class Writer {
  #bytes = new Uint8Array(2 ** 16);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  uint32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  uint64(value: number): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  text(value: string): void {
    const utf8 = new TextEncoder().encode(value);
    this.uint64(utf8.length);
    const at = this.#grow(utf8.length);
    this.#bytes.set(utf8, at);
  }

  zeros(count: number): void {
    this.#grow(count);
  }

  pair({ type, value }: GgufPair): void {
    switch (type) {
      case 'strings':
        this.#array('string', value.length);
        for (const item of value) this.text(item);
        return;
      case 'int32s':
        this.#array('int32', value.length);
        for (const item of value) this.#number('int32', item);
        return;
      case 'float32s':
        this.#array('float32', value.length);
        for (const item of value) this.#number('float32', item);
        return;
      case 'string':
        this.uint32(valueTypes.string);
        this.text(value);
        return;
      case 'bool':
        this.uint32(valueTypes.bool);
        this.#byte(value ? 1 : 0);
        return;
      default:
        this.uint32(valueTypes[type]);
        this.#number(type, value);
    }
  }

  #array(type: keyof typeof valueTypes, length: number): void {
    this.uint32(valueTypes.array);
    this.uint32(valueTypes[type]);
    this.uint64(length);
  }

  #number(type: 'uint32' | 'int32' | 'float32', value: number): void {
    const at = this.#grow(4);
    if (type === 'uint32') this.#view.setUint32(at, value, true);
    else if (type === 'int32') this.#view.setInt32(at, value, true);
    else this.#view.setFloat32(at, value, true);
  }

  #byte(value: number): void {
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  /** Makes room for `count` more bytes, so that the views may change; returns where they begin. */
  #grow(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}
