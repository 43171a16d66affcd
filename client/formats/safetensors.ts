import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { parseJson } from './json.ts';

/**
 * The safetensors format (huggingface/safetensors, format section of its README): the header's length as a u64, the header
 * as JSON padded with spaces to 8 bytes, then the tensors' bytes without holes. Of its types, F32. Typed arrays are
 * read and written as they lie in memory: every engine with WebGPU is little-endian, as the format is.
 */

/** A header of a 100-layer model is about 100 kB. */
export const maxHeaderBytes = 4 * 1024 * 1024;
export const maxTensors = 65_536;
export const maxRank = 8;

export interface NamedTensor {
  readonly name: string;
  /** Row-major. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface SafetensorsFile {
  /** In the order of their bytes. Values share the file's memory where it is aligned. */
  readonly tensors: Map<string, { readonly shape: number[]; readonly values: Float32Array<ArrayBuffer> }>;
  readonly metadata: Record<string, string>;
}

const metadataKey = '__metadata__';
const extent = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entrySchema = v.strictObject({
  dtype: v.string(),
  shape: v.pipe(v.array(extent), v.maxLength(maxRank)),
  data_offsets: v.strictTuple([extent, extent]),
});
type Entry = v.InferOutput<typeof entrySchema>;

/** Writes tensors one after another in the order given. Throws `safetensors.bad-tensor` on a repeated name or a wrong size. */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = [[metadataKey, metadata]];
  const names = new Set([metadataKey]);
  let end = 0;
  for (const { name, shape, values } of tensors) {
    if (names.has(name) || values.length !== product(shape)) {
      throw new TapestryError(
        'safetensors.bad-tensor',
        `The tensor ${name} is named twice, or has ${values.length} values for the shape [${shape.join(', ')}].`,
        'This is a bug of whatever made the tensors: report it.',
      );
    }
    names.add(name);
    const begin = end;
    end += values.byteLength;
    header.push([name, { dtype: 'F32', shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const body = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(body + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(body - 8), true);
  bytes.fill(0x20, 8, body);
  bytes.set(json, 8);
  const floats = new Float32Array(bytes.buffer, body);
  let offset = 0;
  for (const { values } of tensors) {
    floats.set(values, offset);
    offset += values.length;
  }
  return bytes;
}

/**
 * Reads a file of F32 tensors, and refuses whatever the format does not allow.
 * Throws `safetensors.truncated`, `.header-too-large`, `.bad-header`, `.unsupported-type` or `.bad-offsets`.
 */
export function decodeSafetensors(bytes: Uint8Array<ArrayBuffer>): SafetensorsFile {
  if (bytes.length < 8) throw refusal('truncated', 'The file is shorter than its header length.');
  const claimed = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (claimed > maxHeaderBytes) {
    throw refusal(
      'header-too-large',
      `The header would have ${claimed} bytes; at most ${maxHeaderBytes} are read.`,
    );
  }
  const body = 8 + Number(claimed);
  if (body > bytes.length) throw refusal('truncated', 'The file ends inside its header.');
  const { entries, metadata } = parseHeader(bytes.subarray(8, body));

  const data = alignedFloats(bytes.subarray(body));
  const tensors: SafetensorsFile['tensors'] = new Map();
  let end = 0;
  for (const [name, { shape, data_offsets }] of entries) {
    const length = product(shape);
    if (data_offsets[0] !== end || data_offsets[1] !== end + 4 * length) {
      throw refusal(
        'bad-offsets',
        `The tensor ${name} does not lie where the one before it ends, or not in its size.`,
      );
    }
    end = data_offsets[1];
    if (end > bytes.length - body) throw refusal('truncated', `The file ends inside the tensor ${name}.`);
    tensors.set(name, { shape, values: data.subarray(data_offsets[0] / 4, end / 4) });
  }
  if (end !== bytes.length - body) throw refusal('bad-offsets', 'Bytes follow the last tensor.');
  return { tensors, metadata };
}

/** The tensors' entries in the order of their bytes. */
function parseHeader(bytes: Uint8Array): { entries: [string, Entry][]; metadata: Record<string, string> } {
  if (bytes[0] !== 0x7b) throw refusal('bad-header', 'The header does not begin with a brace.');
  let header: unknown;
  try {
    header = parseJson(bytes);
  } catch (error) {
    throw refusal('bad-header', `The header is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
  const entries: [string, Entry][] = [];
  const metadata: [string, string][] = [];
  for (const [name, value] of Object.entries(header ?? {})) {
    if (name === metadataKey) metadata.push(...parseMetadata(value));
    else entries.push([name, parseEntry(name, value)]);
  }
  if (entries.length > maxTensors) {
    throw refusal('bad-header', `The file has ${entries.length} tensors; at most ${maxTensors} are read.`);
  }
  const place = ([, { data_offsets }]: [string, Entry]) => data_offsets;
  entries.sort((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
  return { entries, metadata: Object.fromEntries(metadata) };
}

function parseEntry(name: string, value: unknown): Entry {
  const parsed = v.safeParse(entrySchema, value);
  if (!parsed.success) throw refusal('bad-header', `The entry of the tensor ${name} has another form.`);
  if (parsed.output.dtype !== 'F32') {
    throw new TapestryError(
      'safetensors.unsupported-type',
      `The tensor ${name} holds ${parsed.output.dtype}; only F32 is read.`,
      'Convert the file to float32.',
    );
  }
  return parsed.output;
}

function parseMetadata(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refusal('bad-header', 'The metadata is not an object.');
  }
  return Object.entries(value).map(([key, text]) => {
    if (typeof text !== 'string') throw refusal('bad-header', `The metadata ${key} is not a string.`);
    return [key, text];
  });
}

/** Bytes as floats, copied only where they are not on a multiple of four; an unfinished last float is left out. */
function alignedFloats(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.length / 4));
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, each) => size * each, 1);
}

function refusal(code: string, message: string): TapestryError {
  return new TapestryError(
    `safetensors.${code}`,
    message,
    'Get the file again: it is damaged or not safetensors.',
  );
}
