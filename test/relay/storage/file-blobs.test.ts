import { expect, test } from 'vitest';
import { FileBlobs } from '../../../relay/storage/file-blobs.ts';
import { nodeFiles } from '../../../relay/storage/files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('a sweep leaves a blob that is being written, even one that it is to remove', async () => {
  const [written, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const files: typeof nodeFiles = {
    ...nodeFiles,
    rename: async (from, to) => {
      written.resolve();
      await released.promise;
      return nodeFiles.rename(from, to);
    },
  };
  const folder = temporaryFolder();
  const blobs = new FileBlobs(files, folder, () => Date.now() + 1000);
  const bytes = new Uint8Array([1, 2, 3]);
  const putting = blobs.put(bytes);
  await written.promise;
  expect(await blobs.sweep(() => false, 0)).toBe(0);
  released.resolve();
  expect(await blobs.get(await putting)).toEqual(bytes);
  expect(await blobs.sweep(() => false, 0)).toBe(1);
});

test('a blob that is stored while a sweep looks at its file of before is there afterwards', async () => {
  const [looked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const files: typeof nodeFiles = {
    ...nodeFiles,
    stat: async (path) => {
      const found = await nodeFiles.stat(path);
      looked.resolve();
      await released.promise;
      return found;
    },
  };
  const blobs = new FileBlobs(files, temporaryFolder(), () => Date.now() + 1000);
  const bytes = new Uint8Array([1, 2, 3]);
  await blobs.put(bytes);
  const sweeping = blobs.sweep(() => false, 0);
  await looked.promise;
  const putting = blobs.put(bytes);
  // Time in which a write that does not wait would end.
  await new Promise((resolve) => setTimeout(resolve, 100));
  released.resolve();
  expect(await sweeping).toBe(1);
  expect(await blobs.get(await putting)).toEqual(bytes);
});
