import * as v from 'valibot';
import { TapestryError } from '../../errors.ts';
import { parseJson } from '../json.ts';

/** A header of a 100-layer model is about 100 kB. */
export const maxHeaderBytes = 4 * 1024 * 1024;
export const maxTensors = 65_536;
export const maxRank = 8;

export const bytesEach = { F32: 4, F16: 2, BF16: 2, U8: 1 } as const;
export type SafetensorsType = keyof typeof bytesEach;
const readTypes: readonly SafetensorsType[] = ['F32', 'F16', 'BF16', 'U8'];

export interface HeaderEntry {
  readonly name: string;
  readonly type: SafetensorsType;
  readonly shape: number[];
  /** Its bytes, from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** Where the first tensor begins in the file. */
  readonly body: number;
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Record<string, string>;
}

export const metadataKey = '__metadata__';
const extent = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entrySchema = v.strictObject({
  dtype: v.string(), // `parseEntry` checks it
  shape: v.pipe(v.array(extent), v.maxLength(maxRank)),
  data_offsets: v.strictTuple([extent, extent]),
});

/** Bytes before the first tensor, from the first eight bytes of a file. Throws `safetensors.truncated` or `.header-too-large`. */
export function headerEnd(bytes: Uint8Array): number {
  if (bytes.length < 8) throw refusal('truncated', 'The file is shorter than its header length.');
  const claimed = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (claimed <= maxHeaderBytes) return 8 + Number(claimed);
  const problem = `The header would have ${claimed} bytes; at most ${maxHeaderBytes} are read.`;
  throw refusal('header-too-large', problem);
}

/**
 * The tensors' entries in the order of their bytes, and the metadata. `file` begins with the whole header, and `size` is the
 * whole file's. Throws `safetensors.truncated`, `.header-too-large`, `.bad-header`, `.unsupported-type` or `.bad-offsets`.
 */
export function parseHeader(file: Uint8Array, size: number): SafetensorsHeader {
  const body = headerEnd(file);
  if (body > file.length) throw refusal('truncated', 'The file ends inside its header.');
  const bytes = file.subarray(8, body);
  if (bytes[0] !== 0x7b) throw refusal('bad-header', 'The header does not begin with a brace.');
  let header: unknown;
  try {
    header = parseJson(bytes);
  } catch (error) {
    throw refusal('bad-header', `The header is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
  const entries: HeaderEntry[] = [];
  const metadata: [string, string][] = [];
  for (const [name, value] of Object.entries(header ?? {})) {
    if (name === metadataKey) metadata.push(...parseMetadata(value));
    else entries.push(parseEntry(name, value));
  }
  if (entries.length > maxTensors) {
    throw refusal('bad-header', `The file has ${entries.length} tensors; at most ${maxTensors} are read.`);
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, type, shape, begin, end } of entries) {
    const bytes = bytesEach[type] * shape.reduce((product, extent) => product * extent, 1);
    if (begin !== at || end !== begin + bytes) {
      throw refusal(
        'bad-offsets',
        `The tensor ${name} does not begin where the tensor before it ends, or has a wrong size.`,
      );
    }
    at = end;
    if (body + at > size) throw refusal('truncated', `The file ends inside the tensor ${name}.`);
  }
  if (body + at !== size) throw refusal('bad-offsets', 'Bytes follow the last tensor.');
  return { body, entries, metadata: Object.fromEntries(metadata) };
}

function parseEntry(name: string, value: unknown): HeaderEntry {
  const parsed = v.safeParse(entrySchema, value, { abortEarly: true });
  if (!parsed.success) throw refusal('bad-header', `The header's entry of the tensor ${name} is not valid.`);
  const { dtype, shape, data_offsets } = parsed.output;
  const type = readTypes.find((each) => each === dtype);
  if (type !== undefined) return { name, type, shape, begin: data_offsets[0], end: data_offsets[1] };
  throw new TapestryError(
    'safetensors.unsupported-type',
    `The tensor ${name} holds ${dtype}; only ${readTypes.join(', ')} are read.`,
    'Convert the file to float32.',
  );
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

function refusal(code: string, message: string): TapestryError {
  return new TapestryError(
    `safetensors.${code}`,
    message,
    'Get the file again: it is damaged or not safetensors.',
  );
}
