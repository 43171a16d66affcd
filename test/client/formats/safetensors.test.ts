import { execFileSync, spawnSync } from 'node:child_process';
import { parseSafetensorsMetadata } from '@huggingface/hub';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TapestryError } from '../../../client/errors.ts';
import { maxJsonDepth } from '../../../client/formats/json.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
} from '../../../client/formats/safetensors.ts';
import { maxHeaderBytes } from '../../../client/formats/tensors/safetensors-header.ts';

const tensors: readonly NamedTensor[] = [
  { name: 'a.weight', shape: [2, 3], values: Float32Array.of(1, -2.5, 3e-20, 4, 5, -0) },
  { name: 'scalar', shape: [], values: Float32Array.of(0.1) },
  { name: 'empty', shape: [0, 4], values: new Float32Array(0) },
  { name: 'ключ "b"\n', shape: [1, 1, 2], values: Float32Array.of(7, 8) },
];
const metadata = { format: 'pt', note: 'two words' };

/** A file from a header's text and a body, valid or not. */
function fileOf(header: string, body: Uint8Array = new Uint8Array(0)): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

/** The code of the refusal, or null if the file was read; anything else that is thrown fails the test. */
function refusalOf(bytes: Uint8Array<ArrayBuffer>): string | null {
  try {
    const file = decodeSafetensors(bytes);
    for (const { shape, values } of [...file.tensors.values(), ...file.bytes.values()]) {
      expect(values.length).toBe(shape.reduce((size, extent) => size * extent, 1));
    }
    return null;
  } catch (error) {
    if (error instanceof TapestryError && error.code.startsWith('safetensors.')) return error.code;
    throw error;
  }
}

const arbitraryTensors = fc.uniqueArray(
  fc
    .record({
      name: fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
      shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
    })
    .chain(({ name, shape }) => {
      const length = shape.reduce((size, extent) => size * extent, 1);
      return fc.record({
        name: fc.constant(name),
        shape: fc.constant(shape),
        values: fc.oneof(
          fc.float32Array({ minLength: length, maxLength: length }),
          fc.uint8Array({ minLength: length, maxLength: length }),
        ),
      });
    }),
  { selector: ({ name }) => name, maxLength: 6 },
);

const bytesOf = (values: Float32Array | Uint8Array = new Uint8Array(0)) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

test('decoding gives back the encoded bits at any alignment in memory', () => {
  fc.assert(
    fc.property(
      arbitraryTensors,
      fc.dictionary(fc.string(), fc.string()),
      fc.nat(7),
      (list, notes, shift) => {
        const encoded = encodeSafetensors(list, notes);
        const shifted = new Uint8Array(encoded.length + shift).subarray(shift);
        shifted.set(encoded);
        const file = decodeSafetensors(shifted);
        expect(Object.entries(file.metadata).sort()).toEqual(Object.entries(notes).sort());
        expect(file.tensors.size + file.bytes.size).toBe(list.length);
        for (const { name, shape, values } of list) {
          const read = (values instanceof Float32Array ? file.tensors : file.bytes).get(name);
          expect(read?.shape).toEqual(shape);
          expect(bytesOf(read?.values)).toEqual(bytesOf(values));
        }
      },
    ),
  );
});

test('the header is padded with spaces to eight bytes', () => {
  const encoded = encodeSafetensors(tensors, metadata);
  const length = Number(new DataView(encoded.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  expect(new TextDecoder().decode(encoded.subarray(8, 8 + length))).toMatch(/^\{.*\} *$/s);
});

test("Python's standard library alone reads it", ({ skip }) => {
  skip(spawnSync('python3', ['--version']).error !== undefined, 'there is no Python');
  const reader = `
import json, struct, sys
data = sys.stdin.buffer.read()
(size,) = struct.unpack('<Q', data[:8])
header = json.loads(data[8:8 + size])
out = {}
for name, entry in header.items():
    if name == '__metadata__': continue
    begin, end = entry['data_offsets']
    raw = data[8 + size + begin:8 + size + end]
    out[name] = [entry['dtype'], entry['shape'], [v.hex() for v in struct.unpack('<%df' % (len(raw) // 4), raw)]]
print(json.dumps([header['__metadata__'], out, 8 + size + max(e['data_offsets'][1] for n, e in header.items() if n != '__metadata__') == len(data)]))
`;
  const printed = execFileSync('python3', ['-c', reader], { input: encodeSafetensors(tensors, metadata) });
  const floatOfHex = (hex: string) => {
    const match = /^(-?)0x([01])\.([0-9a-f]+)p([+-]\d+)$/.exec(hex);
    const [, sign = '', whole = '', digits = '', exponent = ''] = match ?? [];
    const magnitude = (Number(whole) + Number(`0x${digits}`) / 16 ** digits.length) * 2 ** Number(exponent);
    return sign === '-' ? -magnitude : magnitude;
  };
  const [notes, read, whole]: [unknown, Record<string, [string, number[], string[]]>, boolean] = JSON.parse(
    printed.toString(),
  );
  expect(whole).toBe(true);
  expect(notes).toEqual(metadata);
  expect(Object.keys(read)).toHaveLength(tensors.length);
  for (const { name, shape, values } of tensors) {
    expect(read[name]?.slice(0, 2)).toEqual(['F32', [...shape]]);
    expect(read[name]?.[2].map(floatOfHex)).toEqual([...values]);
  }
});

test("Hugging Face's reader finds the same tensors", async () => {
  const bytes = encodeSafetensors(tensors, metadata);
  const serve: typeof fetch = async (_, init) => {
    const range = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '');
    const [begin, end] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, bytes.length];
    const part = bytes.slice(begin, end);
    return new Response(part, {
      status: range ? 206 : 200,
      headers: {
        etag: '"0"',
        'content-length': String(part.length),
        'content-range': `bytes ${begin}-${begin + part.length - 1}/${bytes.length}`,
      },
    });
  };
  const parsed = await parseSafetensorsMetadata({
    repo: 'tapestry/test',
    path: 'model.safetensors',
    fetch: serve,
  });
  if (parsed.sharded) throw new Error('one file is not sharded');
  const { __metadata__: notes, ...entries } = parsed.header;
  expect(notes).toEqual(metadata);
  let end = 0;
  expect(entries).toEqual(
    Object.fromEntries(
      tensors.map(({ name, shape, values }) => {
        const begin = end;
        end += values.byteLength;
        return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
      }),
    ),
  );
});

test('the encoder refuses a name given twice and a wrong size', () => {
  const one = { name: 'x', shape: [1], values: Float32Array.of(1) };
  for (const list of [[one, one], [{ ...one, shape: [2] }], [{ ...one, name: '__metadata__' }]]) {
    expect(() => encodeSafetensors(list, {})).toThrow(
      expect.objectContaining({ code: 'safetensors.bad-tensor' }),
    );
  }
});

test('each violation of the format is refused with its code', () => {
  const entry = (shape: string, begin: number, end: number, type = 'F32') =>
    `{"dtype":"${type}","shape":${shape},"data_offsets":[${begin},${end}]}`;
  const body = new Uint8Array(8);
  const cases: [string, Uint8Array<ArrayBuffer>][] = [
    ['truncated', new Uint8Array(7)],
    ['truncated', fileOf('{}').subarray(0, 9)],
    ['truncated', fileOf(`{"a":${entry('[2]', 0, 8)}}`, body.subarray(0, 7))],
    ['header-too-large', fileOf(`{${' '.repeat(maxHeaderBytes)}}`)],
    ['bad-header', fileOf('')],
    ['bad-header', fileOf(' {}')],
    ['bad-header', fileOf('{')],
    ['bad-header', fileOf('[]')],
    ['bad-header', fileOf('{"a":null}')],
    ['bad-header', fileOf(`{"a":${entry('[2]', 0, 8)},"a":${entry('[2]', 0, 8)}}`, body)],
    ['bad-header', fileOf('{"__metadata__":{"a":"x","\\u0061":"y"}}')],
    ['bad-header', fileOf('{"__metadata__":{"a":1}}')],
    ['bad-header', fileOf('{"__metadata__":["a"]}')],
    ['bad-header', fileOf(`{"a":${entry('[-2]', 0, 8)}}`, body)],
    ['bad-header', fileOf(`{"a":${entry('[0.5]', 0, 2)}}`, body)],
    ['bad-header', fileOf(`{"a":${entry('[1,1,1,1,1,1,1,1,2]', 0, 8)}}`, body)],
    ['bad-header', fileOf('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}', body)],
    ['bad-header', fileOf(`{"a":${'['.repeat(maxJsonDepth)}${']'.repeat(maxJsonDepth)}}`)],
    ['bad-header', fileOf('[').with(8, 0xff)],
    ['unsupported-type', fileOf(`{"a":${entry('[4]', 0, 8, 'BF16')}}`, body)],
    ['bad-offsets', fileOf(`{"a":${entry('[1]', 4, 8)}}`, body)],
    ['bad-offsets', fileOf(`{"a":${entry('[1]', 0, 4)}}`, body)],
    ['bad-offsets', fileOf(`{"a":${entry('[1]', 0, 8)}}`, body)],
    ['bad-offsets', fileOf(`{"a":${entry('[1]', 0, 4)},"b":${entry('[2]', 0, 8)}}`, body)],
    ['bad-offsets', fileOf(`{"a":${entry('[9007199254740991,9007199254740991]', 0, 8)}}`, body)],
  ];
  for (const [code, bytes] of cases) expect(refusalOf(bytes)).toBe(`safetensors.${code}`);
  expect(refusalOf(fileOf('{"__metadata__":{}}  '))).toBe(null);
});

test('random bytes are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(refusalOf(new Uint8Array(bytes))).not.toBe(null);
    }),
  );
});

test('a file with bytes changed, cut or added is read or refused, never another error', () => {
  const encoded = encodeSafetensors(tensors, metadata);
  const header = 8 + Number(new DataView(encoded.buffer).getBigUint64(0, true));
  const change = fc.tuple(fc.nat(header - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), fc.integer({ min: -8, max: 8 }), (changes, grown) => {
      const bytes = new Uint8Array(encoded.length + grown);
      bytes.set(encoded.subarray(0, bytes.length));
      for (const [at, value] of changes) bytes[at] = value;
      const refusal = refusalOf(bytes);
      if (grown !== 0 && changes.length === 0) expect(refusal).not.toBe(null);
    }),
    { numRuns: 1000 },
  );
});

test('random headers are read or refused, never another error', () => {
  const number = fc.oneof(fc.nat(12), fc.integer(), fc.double());
  const entry = fc.record(
    {
      dtype: fc.constantFrom('F32', 'U8', 'F64', 'f32'),
      shape: fc.array(number, { maxLength: 3 }),
      data_offsets: fc.array(number, { maxLength: 3 }),
    },
    { requiredKeys: [] },
  );
  const name = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom('__proto__', '__metadata__', 'constructor'),
  );
  const headers = fc.dictionary(name, fc.oneof(entry, fc.jsonValue({ maxDepth: 2 })));
  fc.assert(
    fc.property(headers, fc.nat(24), (header, length) => {
      refusalOf(fileOf(JSON.stringify(header), new Uint8Array(length)));
    }),
    { numRuns: 500 },
  );
});

test('a header nested to its limit of bytes is refused at once', () => {
  const deep = maxHeaderBytes / 2 - 8;
  expect(refusalOf(fileOf(`{"a":${'['.repeat(deep)}${']'.repeat(deep)}}`))).toBe('safetensors.bad-header');
  expect(refusalOf(fileOf(`{"a":"${'"'.repeat(maxHeaderBytes - 20)}`))).toBe('safetensors.bad-header');
});
