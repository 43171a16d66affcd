import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { type BlobStore, bytesOfVector, vectorOfBytes } from '../../../relay/storage/blob-store.ts';
import { FileBlobs } from '../../../relay/storage/file-blobs.ts';
import { type FileSystem, nodeFiles } from '../../../relay/storage/files.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { FaultyFiles } from '../../simulation/faulty-files.ts';
import { MemoryBlobs } from '../../support/relay/memory-blobs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const bytes = Uint8Array.from([1, 2, 3]);
const hash = '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81';
const path = `/run/blobs/03/${hash}`;

type Make = (now: () => number) => BlobStore;
const stores: [string, Make][] = [
  ['in memory', (now) => new MemoryBlobs(now)],
  ['in files', (now) => new FileBlobs(nodeFiles, temporaryFolder(), now)],
  [
    'in files of a simulated POSIX disk',
    (now) => new FileBlobs(new FaultyFiles(Random.seeded(1), now), '/run', now),
  ],
];

async function read(
  blobs: BlobStore,
  name: string,
  span?: { start: number; end: number },
): Promise<number[]> {
  const blob = await blobs.open(name, span);
  return [...(await new Response(blob?.bytes).bytes())];
}

describe.each(stores)('blobs %s', (_, make) => {
  test('a blob is found by the SHA-256 of its bytes', async () => {
    const blobs = make(Date.now);
    expect(await blobs.put(bytes)).toBe(hash);
    expect(await blobs.put(bytes)).toBe(hash);
    expect(await blobs.get(hash)).toEqual(bytes);
    expect(await blobs.get('0'.repeat(64))).toBeNull();
    expect(await blobs.open('0'.repeat(64))).toBeNull();
    expect(await blobs.open(`${'0'.repeat(61)}/..`)).toBeNull();
    expect(await blobs.address(hash, 60)).toBeNull();
  });

  test('a blob that is put twice at once is stored once', async () => {
    const blobs = make(Date.now);
    expect(await Promise.all([blobs.put(bytes), blobs.put(bytes), blobs.put(bytes)])).toEqual([
      hash,
      hash,
      hash,
    ]);
    expect(await blobs.get(hash)).toEqual(bytes);
  });

  test('any range of a blob can be read, and an empty blob too', async () => {
    const blobs = make(Date.now);
    const long = Uint8Array.from({ length: 600_000 }, (_, i) => (i * 7919) >> 8);
    const name = await blobs.put(long);
    expect(await blobs.open(name, { start: 5, end: 9 })).toMatchObject({ size: long.length });
    expect(hashOfBytes(Uint8Array.from(await read(blobs, name)))).toBe(name);
    expect(await read(blobs, name, { start: 262_143, end: 262_145 })).toEqual([
      ...long.slice(262_143, 262_146),
    ]);
    expect(await read(blobs, name, { start: 599_999, end: 700_000 })).toEqual([...long.slice(599_999)]);
    expect(await read(blobs, name, { start: 600_000, end: 600_001 })).toEqual([]);
    expect(await read(blobs, await blobs.put(new Uint8Array(0)))).toEqual([]);
    const unread = await blobs.open(name);
    await unread?.bytes.cancel();
  });

  test('a sweep removes blobs that are not kept, but never young ones', async () => {
    const start = Date.now();
    let now = start;
    const blobs = make(() => now);
    const kept = await blobs.put(Uint8Array.of(9));
    const other = await blobs.put(bytes);
    const asked: string[] = [];
    const keep = (name: string) => {
      asked.push(name);
      return name === kept;
    };
    expect(await blobs.sweep(keep, 60_000)).toBe(0);
    expect(asked.sort()).toEqual([kept, other].sort());
    now = start + 600_000;
    expect(await blobs.sweep(keep, 60_000)).toBe(1);
    expect([await blobs.get(kept), await blobs.get(other)]).toEqual([Uint8Array.of(9), null]);
  });
});

test('a blob that is put again is young again', async () => {
  let now = 0;
  for (const blobs of [
    new MemoryBlobs(() => now),
    new FileBlobs(new FaultyFiles(Random.seeded(1), () => now), '/run', () => now),
  ]) {
    now = 0;
    await blobs.put(bytes);
    now = 1000;
    await blobs.put(bytes);
    now = 1500;
    expect(await blobs.sweep(() => false, 600)).toBe(0);
    expect(await blobs.get(hash)).toEqual(bytes);
  }
});

test('a file whose bytes do not match its name is not returned', async () => {
  const files = new FaultyFiles(Random.seeded(1));
  const blobs = new FileBlobs(files, '/run');
  await blobs.put(bytes);
  await files.write(path, Uint8Array.from([1, 2, 4]));
  expect(await blobs.get(hash)).toBeNull();
});

test('a file that is truncated while it is read fails only its reader', async () => {
  const files = new FaultyFiles(Random.seeded(1));
  const blobs = new FileBlobs(files, '/run');
  await blobs.put(bytes);
  const blob = await blobs.open(hash);
  await files.truncate(path, 1);
  await expect(new Response(blob?.bytes).bytes()).rejects.toThrow();
});

test('a blob is read no further than its reader asked, by 64 KiB at a time', async () => {
  const read: number[] = [];
  const readPart: FileSystem['readPart'] = (name, start, length) => {
    read.push(length);
    return nodeFiles.readPart(name, start, length);
  };
  const blobs = new FileBlobs({ ...nodeFiles, readPart }, temporaryFolder());
  const blob = await blobs.open(await blobs.put(new Uint8Array(2 ** 18)));
  const reader = blob?.bytes.getReader();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(read).toEqual([]);
  await reader?.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(read).toEqual([2 ** 16]);
  await reader?.cancel();
});

test('a write that fails at any step leaves nothing under the name', async () => {
  for (let step = 1; step < 20; step++) {
    const files = new FaultyFiles(Random.seeded(1));
    const blobs = new FileBlobs(files, '/run');
    files.refuseAfter(step, 1);
    const put = await blobs.put(bytes).then(
      () => 'done',
      () => 'failed',
    );
    if (put === 'done') {
      expect(step).toBe(7);
      return;
    }
    const left = await files.read(path);
    // A renamed file is complete, even if the folder could not be synced.
    expect(left === null || hashOfBytes(left) === hash).toBe(true);
    expect(await blobs.put(bytes)).toBe(hash);
    expect(await blobs.get(hash)).toEqual(bytes);
  }
  throw new Error('every put failed');
});

test('a sweep removes cut-off writes, and keeps files that are not the store’s', async () => {
  const files = new FaultyFiles(Random.seeded(1), () => 0);
  const blobs = new FileBlobs(files, '/run', () => 1000);
  await blobs.put(bytes);
  await files.write(`${path}.new`, bytes);
  await files.write('/run/blobs/03/notes.txt', bytes);
  // The layout of container images.
  const foreign = ['/run/blobs/sha256', '/run/blobs/ff'];
  for (const shelf of foreign) await files.write(`${shelf}/${hash}`, bytes);
  expect(await blobs.sweep((name) => name === hash, 1001)).toBe(0);
  expect(await blobs.sweep((name) => name === hash, 1000)).toBe(1);
  expect(await files.list('/run/blobs/03')).toEqual([hash, 'notes.txt']);
  for (const shelf of foreign) expect(await files.list(shelf)).toEqual([hash]);
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
