import { TapestryError } from '../errors.ts';
import { encodeNumbers } from './tensors/number-type.ts';
import { bytesEach, metadataKey, parseHeader } from './tensors/safetensors-header.ts';

/**
 * The safetensors format (huggingface/safetensors, format section of its README): the header's length as a u64, the header
 * as JSON padded with spaces to 8 bytes, then the tensors' bytes without gaps. This file reads and writes F32 and U8.
 * Typed arrays are read and written as they are in memory: the format and every engine with WebGPU are little-endian.
 */

export interface NamedTensor {
  readonly name: string;
  /** Extents of a row-major tensor. */
  readonly shape: readonly number[];
  /** Float32 values, or bytes, which are written as U8. */
  readonly values: Float32Array | Uint8Array;
}

export interface SafetensorsFile {
  /** The F32 tensors in the order of their bytes. Their values share the file's memory if it is aligned. */
  readonly tensors: Map<string, { readonly shape: number[]; readonly values: Float32Array<ArrayBuffer> }>;
  /** The U8 tensors, likewise. */
  readonly bytes: Map<string, { readonly shape: number[]; readonly values: Uint8Array<ArrayBuffer> }>;
  readonly metadata: Record<string, string>;
}

/** How float32 values may be written. */
export type FloatType = 'F32' | 'F16' | 'BF16';

/** Encodes tensors in the order given; float32 values as `type`. Throws `safetensors.bad-tensor` for a repeated name or a wrong size. */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
  type: FloatType = 'F32',
): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = [[metadataKey, metadata]];
  const names = new Set([metadataKey]);
  let end = 0;
  for (const { name, shape, values } of tensors) {
    if (names.has(name) || values.length !== product(shape)) {
      throw new TapestryError(
        'safetensors.bad-tensor',
        `The tensor ${name} is named twice, or has ${values.length} values for the shape [${shape.join(', ')}].`,
        'This is a bug in the code that made the tensors: report it.',
      );
    }
    names.add(name);
    const begin = end;
    const dtype = values instanceof Float32Array ? type : 'U8';
    end += values.length * bytesEach[dtype];
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const body = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(body + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(body - 8), true);
  bytes.fill(0x20, 8, body);
  bytes.set(json, 8);
  let offset = body;
  for (const { values } of tensors) {
    const stored =
      values instanceof Float32Array && type !== 'F32'
        ? encodeNumbers(type, values)
        : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    bytes.set(stored, offset);
    offset += stored.length;
  }
  return bytes;
}

/**
 * Reads a file of F32 and U8 tensors, and refuses a file that the format does not allow.
 * Throws as `parseHeader`.
 */
export function decodeSafetensors(bytes: Uint8Array<ArrayBuffer>): SafetensorsFile {
  const { body, entries, metadata } = parseHeader(bytes, bytes.length);
  const file: SafetensorsFile = { tensors: new Map(), bytes: new Map(), metadata };
  for (const { name, type, shape, begin, end } of entries) {
    const values = bytes.subarray(body + begin, body + end);
    if (type === 'F32') file.tensors.set(name, { shape, values: alignedFloats(values) });
    else if (type === 'U8') file.bytes.set(name, { shape, values });
    else
      throw new TapestryError(
        'safetensors.unsupported-type',
        `The tensor ${name} holds ${type}; only F32 and U8 are read here.`,
        'Convert the file to float32.',
      );
  }
  return file;
}

/** Bytes as floats, copied only if they do not begin at a multiple of four. */
function alignedFloats(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, each) => size * each, 1);
}
