import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { BlobStore, bytesOfVector, hashOfBytes, vectorOfBytes } from '../../relay/store.ts';
import { FaultyFiles } from '../simulation/faulty-files.ts';

const bytes = Uint8Array.from([1, 2, 3]);
const hash = '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81';

function fresh(): { files: FaultyFiles; blobs: BlobStore } {
  const files = new FaultyFiles(Random.seeded(1));
  return { files, blobs: new BlobStore(files, '/run') };
}

test('a blob is found by the SHA-256 of its bytes', async () => {
  const { blobs } = fresh();
  expect(await blobs.put(bytes)).toBe(hash);
  expect(blobs.path(hash)).toBe(`/run/blobs/03/${hash}`);
  expect(await blobs.get(hash)).toEqual(bytes);
  expect(await blobs.has(hash)).toBe(true);
  expect(await blobs.get('0'.repeat(64))).toBeNull();
});

test('a file whose bytes are not what its name says is not given out', async () => {
  const { files, blobs } = fresh();
  await blobs.put(bytes);
  await files.write(blobs.path(hash), Uint8Array.from([1, 2, 4]));
  expect(await blobs.get(hash)).toBeNull();
});

test('a write that fails leaves nothing under the name, at whichever step', async () => {
  for (let step = 1; step < 20; step++) {
    const { files, blobs } = fresh();
    files.refuseAfter(step, 1);
    const put = await blobs.put(bytes).then(
      () => 'done',
      () => 'failed',
    );
    if (put === 'done') {
      expect(step).toBe(7);
      return;
    }
    const left = await files.read(blobs.path(hash));
    // After its renaming a file is whole, even if the folder could not be synced.
    expect(left === null || hashOfBytes(left) === hash).toBe(true);
    expect(await blobs.put(bytes)).toBe(hash);
    expect(await blobs.get(hash)).toEqual(bytes);
  }
  throw new Error('every put failed');
});

test('sweeping leaves what is named, and what is not ours', async () => {
  const { files, blobs } = fresh();
  await blobs.put(bytes);
  const other = await blobs.put(Uint8Array.of(9));
  await files.write(`/run/blobs/03/${hash}.new`, bytes);
  await files.write('/run/blobs/03/notes.txt', bytes);
  await blobs.sweep(new Set([other]));
  expect(await blobs.names()).toEqual([other]);
  expect(await files.list('/run/blobs/03')).toEqual(['notes.txt']);
});

test('a vector is its float32, little-endian', () => {
  expect([...bytesOfVector(Float32Array.of(1, -2))]).toEqual([0, 0, 128, 63, 0, 0, 0, 192]);
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })), (values) => {
      const vector = Float32Array.from(values);
      expect(vectorOfBytes(bytesOfVector(vector), values.length)).toEqual(vector);
    }),
  );
  expect(vectorOfBytes(new Uint8Array(7), 2)).toBeNull();
  expect(vectorOfBytes(bytesOfVector(Float32Array.of(1, Number.NaN)), 2)).toBeNull();
  expect(vectorOfBytes(bytesOfVector(Float32Array.of(Number.POSITIVE_INFINITY)), 1)).toBeNull();
});
