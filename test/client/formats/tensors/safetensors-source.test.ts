import { expect, test } from 'vitest';
import { encodeSafetensors } from '../../../../client/formats/safetensors.ts';
import { type ByteSource, sourceOf } from '../../../../client/formats/tensors/byte-source.ts';
import { encodeNumbers } from '../../../../client/formats/tensors/number-type.ts';
import { openSafetensors, openShards } from '../../../../client/formats/tensors/safetensors-source.ts';
import { readTensor, sizeOf } from '../../../../client/formats/tensors/stored-tensor.ts';

/** A file of tensors whose bytes are given. */
function fileOf(tensors: Readonly<Record<string, { dtype: string; shape: number[]; bytes: Uint8Array }>>) {
  let end = 0;
  const header = Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
    const begin = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const file = new Uint8Array(8 + json.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let at = 8 + json.length;
  for (const { bytes } of Object.values(tensors)) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

async function valuesOf(source: ByteSource): Promise<Record<string, readonly number[]>> {
  const { tensors } = await openSafetensors(source);
  const read = tensors.map(async (tensor) => {
    const values = new Float32Array(sizeOf(tensor));
    await readTensor(tensor, values);
    return [tensor.name, [...values]] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

test('F32, F16 and BF16 are read at any offset', async () => {
  const file = fileOf({
    odd: { dtype: 'BF16', shape: [3], bytes: Uint8Array.of(0x80, 0x3f, 0x20, 0xc1, 0x80, 0x7f) },
    half: { dtype: 'F16', shape: [2, 2], bytes: Uint8Array.of(0, 0x3c, 0, 0xc0, 1, 0, 0xff, 0x7b) },
    single: { dtype: 'F32', shape: [1], bytes: Uint8Array.of(0, 0, 0x80, 0x3e) },
  });
  expect(await valuesOf(sourceOf(file))).toEqual({
    odd: [1, -10, Number.POSITIVE_INFINITY],
    half: [1, -2, 2 ** -24, 65_504],
    single: [0.25],
  });
});

test('bf16 is rounded to the nearest, and to even between two', () => {
  const values = Float32Array.of(
    1,
    1 + 2 ** -8,
    1 + 3 * 2 ** -8,
    1 + 2 ** -8 + 2 ** -20,
    -3.3895e38,
    Number.NaN,
  );
  const halves = new Uint16Array(encodeNumbers('BF16', values).buffer);
  expect([...halves.subarray(0, 5)]).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81, 0xff7f]);
  expect((halves[5] ?? 0) & 0x7fff).toBeGreaterThan(0x7f80);
});

test('a large tensor is read in ranges of a few megabytes', async () => {
  const size = 3 * 2 ** 20 + 5;
  const file = encodeSafetensors(
    [{ name: 'a', shape: [size], values: new Float32Array(size).fill(0.5) }],
    {},
  );
  const lengths: number[] = [];
  const counted: ByteSource = {
    size: file.length,
    read(offset, length) {
      lengths.push(length);
      return sourceOf(file).read(offset, length);
    },
  };
  const [tensor] = (await openSafetensors(counted)).tensors;
  const values = new Float32Array(size);
  if (tensor) await readTensor(tensor, values);
  expect(values.every((value) => value === 0.5)).toBe(true);
  expect(Math.max(...lengths)).toBe(4 * 2 ** 20);
});

test('a model in several files is read through its index', async () => {
  const one = (name: string, value: number) =>
    encodeSafetensors([{ name, shape: [1], values: Float32Array.of(value) }], { format: 'pt' });
  const files = new Map([
    ['model-1-of-2.safetensors', one('a', 1)],
    ['model-2-of-2.safetensors', one('b', 2)],
  ]);
  const open = async (name: string) => sourceOf(files.get(name) ?? new Uint8Array(0));
  const index = (map: unknown) => new TextEncoder().encode(JSON.stringify({ metadata: {}, weight_map: map }));
  const { tensors, metadata } = await openShards(
    index({ a: 'model-1-of-2.safetensors', b: 'model-2-of-2.safetensors' }),
    open,
  );
  expect(tensors.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(metadata).toEqual({ format: 'pt' });
  for (const map of [
    { a: '../model-1-of-2.safetensors' },
    { a: '/etc/model.safetensors' },
    { a: 'model.bin' },
    { c: 'model-1-of-2.safetensors' },
    [],
    undefined,
  ])
    await expect(openShards(index(map), open)).rejects.toMatchObject({ code: 'safetensors.bad-index' });
  await expect(openShards(index({ a: 'gone.safetensors' }), open)).rejects.toMatchObject({
    code: 'safetensors.truncated',
  });
});
