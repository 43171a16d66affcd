import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import type { FileEnd } from '../../../relay/storage/files.ts';
import { isUploadName, readRecords, readUpload, UploadStore } from '../../../relay/storage/upload-store.ts';
import { FaultyFiles } from '../../simulation/faulty-files.ts';

const key = 'a'.repeat(64);
const payload = 'b'.repeat(64);
const path = `/run/partial/${key}-${payload}`;

async function held(...chunks: number[][]): Promise<{ files: FaultyFiles; uploads: UploadStore }> {
  const files = new FaultyFiles(Random.seeded(1));
  const uploads = await UploadStore.open(files, '/run');
  for (const chunk of chunks) await uploads.append(key, payload, Uint8Array.from(chunk));
  return { files, uploads };
}

test('an upload holds the appended chunks in order', async () => {
  const { files, uploads } = await held([1, 2, 3], [4], [5, 6]);
  expect(await uploads.resume(key, payload, 10)).toBe(6);
  expect([...(await readUpload(files, '/run', key, payload))]).toEqual([1, 2, 3, 4, 5, 6]);
  const restarted = await UploadStore.open(files, '/run');
  expect(restarted.keys()).toEqual([key]);
  expect(await restarted.resume(key, payload, 10)).toBe(6);
  expect(await restarted.resume(key, 'c'.repeat(64), 10)).toBe(0);
  expect(restarted.keys()).toEqual([]);
  expect(await files.list('/run/partial')).toEqual([]);
});

test('a record that a crash cut anywhere is removed, and the upload resumes before it', async () => {
  const { files } = await held([1, 2, 3], [4, 5]);
  const whole = await files.read(path);
  for (let length = 0; length <= (whole?.length ?? 0); length++) {
    const { files: torn } = await held();
    await torn.write(path, whole?.subarray(0, length) ?? new Uint8Array(0));
    const uploads = await UploadStore.open(torn, '/run');
    const bytes = await uploads.resume(key, payload, 10);
    expect(bytes).toBe(length < 43 ? 0 : length < 85 ? 3 : 5);
    await uploads.append(key, payload, Uint8Array.of(9));
    const expected = [...[1, 2, 3, 4, 5].slice(0, bytes), 9];
    expect([...(await readUpload(torn, '/run', key, payload))]).toEqual(expected);
  }
});

test('a chunk whose write failed is removed, and the upload resumes before it', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const files = new FaultyFiles(Random.seeded(seed));
    const uploads = await UploadStore.open(files, '/run');
    await uploads.append(key, payload, Uint8Array.of(1, 2, 3));
    files.refuseAfter(1, 1);
    await expect(uploads.append(key, payload, Uint8Array.of(4, 5))).rejects.toThrow();
    expect(await uploads.resume(key, payload, 10)).toBe(3);
    await uploads.append(key, payload, Uint8Array.of(6));
    expect([...(await readUpload(files, '/run', key, payload))]).toEqual([1, 2, 3, 6]);
  }
});

test('the last chunk of a complete upload is requested again', async () => {
  const { files, uploads } = await held([1, 2, 3], [4, 5]);
  expect(await uploads.resume(key, payload, 5)).toBe(3);
  expect([...(await readUpload(files, '/run', key, payload))]).toEqual([1, 2, 3]);
});

test('an upload is read once after a start: resuming it again does not read it', async () => {
  class Counting extends FaultyFiles {
    reads = 0;

    override read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
      this.reads++;
      return super.read(name);
    }
  }
  const files = new Counting(Random.seeded(1));
  const before = await UploadStore.open(files, '/run');
  for (const chunk of [
    [1, 2, 3],
    [4, 5],
  ])
    await before.append(key, payload, Uint8Array.from(chunk));
  const uploads = await UploadStore.open(files, '/run');
  for (let i = 0; i < 100; i++) {
    expect(await uploads.resume(key, payload, 10)).toBe(5);
  }
  expect(files.reads).toBe(1);
});

test('a byte changed in any record is damage, and none of it is read', async () => {
  const { files } = await held([1, 2, 3], [4, 5]);
  const whole = await files.read(path);
  if (whole === null) throw new Error('nothing held');
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ mask;
      const { records, damaged } = readRecords(changed);
      expect(damaged).toBe(true);
      expect(records).toHaveLength(at < 43 ? 0 : 1);
    }),
  );
});

test('only uploads are named as uploads', () => {
  expect(isUploadName(`${key}-${payload}`)).toBe(true);
  for (const name of ['', key, `${key}-`, `${key}-${payload}-x`, `${key}-${payload.toUpperCase()}`]) {
    expect(isUploadName(name)).toBe(false);
  }
});

test('however many uploads there are, few files are open', async () => {
  let [open, most] = [0, 0];
  class Counting extends FaultyFiles {
    override async openEnd(name: string): Promise<FileEnd> {
      most = Math.max(most, ++open);
      const end = await super.openEnd(name);
      return { ...end, close: async () => void open-- };
    }
  }
  const uploads = await UploadStore.open(new Counting(Random.seeded(1)), '/run');
  const keyOf = (node: number) => node.toString(16).padStart(64, '0');
  for (const chunk of [1, 2]) {
    for (let node = 0; node < 600; node++) await uploads.append(keyOf(node), payload, Uint8Array.of(chunk));
    // Chunks of one node, one after another, are written to one open file.
    for (let i = 0; i < 3; i++) await uploads.append(keyOf(599), payload, Uint8Array.of(chunk));
  }
  expect(most).toBe(257);
  for (let node = 0; node < 600; node++)
    expect(await uploads.resume(keyOf(node), payload, 100)).toBe(node === 599 ? 8 : 2);
  await uploads.remove(keyOf(599));
  expect(open).toBe(255);
  await uploads.close();
  expect(open).toBe(0);
});
