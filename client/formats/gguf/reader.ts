import { printable, TapestryError } from '../../errors.ts';
import type { ByteSource } from '../tensors/byte-source.ts';
import { bytesOf, type NumberType, numberTypes } from '../tensors/number-type.ts';
import { type StoredTensor, sizeOf } from '../tensors/stored-tensor.ts';
import {
  bad,
  type GgufScalar,
  type GgufValue,
  limits,
  magic,
  tensorTypes,
  usualAlignment,
  valueTypes,
} from './file.ts';

export interface GgufFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly StoredTensor[];
}

/** The first bytes that are read; a header that is longer, as with a large vocabulary, is read again with twice as many. */
const firstBytes = 2 ** 20;

/** Signals that the header continues after the bytes that were read. */
class Short extends Error {}

/** Reads the header of a GGUF file of version 2 or 3. Throws `gguf.bad-file` or `gguf.unsupported`. */
export async function readGguf(source: ByteSource): Promise<GgufFile> {
  for (let length = firstBytes; ; length *= 2) {
    const bytes = await source.read(0, Math.min(length, source.size));
    try {
      return parseHeader(bytes, source);
    } catch (error) {
      if (!(error instanceof Short)) throw error;
      if (length >= source.size) throw bad('it ends inside its header');
      if (length >= limits.headerBytes) throw bad(`its header has more than ${limits.headerBytes} bytes`);
    }
  }
}

function parseHeader(bytes: Uint8Array<ArrayBuffer>, source: ByteSource): GgufFile {
  const reader = new Reader(bytes);
  if (reader.uint32() !== magic) throw bad('it does not begin with GGUF');
  const version = reader.uint32();
  if (version !== 2 && version !== 3) throw bad(`its version is ${version}; 2 and 3 are read`);
  const tensorCount = reader.count('tensors', limits.tensors);
  const pairCount = reader.count('key-value pairs', limits.pairs);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < pairCount; i++) {
    const key = reader.text(limits.keyBytes);
    if (metadata.has(key)) throw bad(`the key ${printable(key)} is given twice`);
    metadata.set(key, reader.value(reader.uint32()));
  }
  const described = Array.from({ length: tensorCount }, () => describeTensor(reader));
  const alignment = alignmentOf(metadata);
  const body = Math.ceil(reader.at / alignment) * alignment;
  return { metadata, tensors: placeTensors(described, body, alignment, source) };
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? usualAlignment;
  if (typeof alignment === 'number' && alignment >= 8 && alignment <= 65_536 && alignment % 8 === 0)
    return alignment;
  throw bad(`its alignment is ${String(alignment)}`);
}

type Described = Omit<StoredTensor, 'source'>;

/** A tensor's name, extents from the innermost on, type, and offset after the header. */
function describeTensor(reader: Reader): Described {
  const name = reader.text(limits.keyBytes);
  const rank = reader.uint32();
  if (rank > limits.rank) throw bad(`the tensor ${printable(name)} has ${rank} dimensions`);
  const shape = Array.from({ length: rank }, () => reader.count('rows', Number.MAX_SAFE_INTEGER)).reverse();
  const number = reader.uint32();
  const type = typeNames.get(number);
  if (type === undefined)
    throw new TapestryError(
      'gguf.unsupported',
      `The tensor ${printable(name)} has the type ${number} of ggml; ${[...typeNames.values()].join(', ')} are read.`,
      'Use a file of the same model in f16, bf16 or q8_0.',
    );
  return { name, shape, type, offset: reader.count('offset', Number.MAX_SAFE_INTEGER) };
}

const typeNames = new Map<number, NumberType>(
  (Object.keys(tensorTypes) as NumberType[]).map((name) => [tensorTypes[name], name]),
);

/** Checks that each tensor lies inside the file, begins at the alignment, and shares no byte with another. */
function placeTensors(
  described: readonly Described[],
  body: number,
  alignment: number,
  source: ByteSource,
): StoredTensor[] {
  const names = new Set<string>();
  let end = 0;
  for (const tensor of [...described].sort((a, b) => a.offset - b.offset)) {
    const name = printable(tensor.name);
    if (names.has(tensor.name)) throw bad(`the tensor ${name} is given twice`);
    names.add(tensor.name);
    const size = sizeOf(tensor);
    if (!Number.isSafeInteger(size) || (tensor.shape.at(-1) ?? 1) % numberTypes[tensor.type].values !== 0)
      throw bad(`the tensor ${name} has rows that are no whole blocks of ${tensor.type}`);
    if (tensor.offset < end || tensor.offset % alignment !== 0)
      throw bad(`the tensor ${name} begins inside another or at no multiple of ${alignment}`);
    end = tensor.offset + bytesOf(tensor.type, size);
    if (body + end > source.size) throw bad(`it ends inside the tensor ${name}`);
  }
  return described.map((tensor) => ({ ...tensor, source, offset: body + tensor.offset }));
}

/** Reads values one after the other. Throws `Short` where the bytes end. */
class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A u64 that is at most `most`. */
  count(what: string, most: number): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(most)) throw bad(`it says that it has ${value} ${what}; at most ${most} are read`);
    return Number(value);
  }

  text(most: number): string {
    const length = this.count('bytes of text', most);
    const start = this.#take(length);
    try {
      return this.#utf8.decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw bad('a text in it is not UTF-8');
    }
  }

  value(type: number): GgufValue {
    if (type !== valueTypes.array) return this.#scalar(type);
    const itemType = this.uint32();
    const length = this.count('items', limits.arrayItems);
    const items: GgufScalar[] = [];
    for (let i = 0; i < length; i++) items.push(this.#scalar(itemType));
    return items;
  }

  #scalar(type: number): GgufScalar {
    const view = this.#view;
    switch (type) {
      case valueTypes.uint8:
        return view.getUint8(this.#take(1));
      case valueTypes.int8:
        return view.getInt8(this.#take(1));
      case valueTypes.uint16:
        return view.getUint16(this.#take(2), true);
      case valueTypes.int16:
        return view.getInt16(this.#take(2), true);
      case valueTypes.uint32:
        return this.uint32();
      case valueTypes.int32:
        return view.getInt32(this.#take(4), true);
      case valueTypes.float32:
        return view.getFloat32(this.#take(4), true);
      case valueTypes.bool:
        return view.getUint8(this.#take(1)) !== 0;
      case valueTypes.string:
        return this.text(limits.headerBytes);
      case valueTypes.uint64:
        return view.getBigUint64(this.#take(8), true);
      case valueTypes.int64:
        return view.getBigInt64(this.#take(8), true);
      case valueTypes.float64:
        return view.getFloat64(this.#take(8), true);
      default:
        throw bad(`a value has the unknown type ${type}`);
    }
  }

  #take(length: number): number {
    const start = this.at;
    if (start + length > this.#bytes.length) throw new Short();
    this.at = start + length;
    return start;
  }
}
