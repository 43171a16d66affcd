import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDemoFolder } from '../../../../apps/cli/demo/folder.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function write(folder: string, name: string): Promise<void> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), name);
}

test('a new folder is marked as a demo, and opens again before its relay has written a journal', async () => {
  const path = join(temporaryFolder(), 'new');
  expect(await openDemoFolder(path, false)).toMatchObject({ begun: false });
  await mkdir(join(path, 'relay'));
  expect(await openDemoFolder(path, false)).toMatchObject({ begun: false });
  await write(path, 'relay/journal.sqlite');
  expect(await openDemoFolder(path, false)).toMatchObject({ begun: true });
});

test.each([
  'relay/journal.sqlite',
  'relay/mine.txt',
  'base/README.md',
  'node-1/mine.txt',
  'letters.txt',
  'demo.json',
])(
  'a folder that holds %s and was not made by the demo is refused, and nothing in it is deleted',
  async (name) => {
    const path = temporaryFolder();
    await write(path, name);
    for (const fresh of [false, true])
      await expect(openDemoFolder(path, fresh)).rejects.toMatchObject({ code: 'run.foreign-folder' });
    expect(await readFile(join(path, name), 'utf8')).toBe(name);
  },
);

const hash = 'ab'.repeat(32);

test('starting over deletes the run and its nodes, but no base of another program', async () => {
  const path = join(temporaryFolder(), 'demo');
  await openDemoFolder(path, false);
  for (const name of [
    ...['relay/journal.sqlite', 'relay/journal.sqlite-wal', 'relay/relay.lock', 'relay/relay.key'],
    ...[`relay/blobs/ab/${hash}`, `relay/blobs/ab/${hash}.new`, `relay/partial/${hash}-${hash}`],
    ...['identity.json', `fork-${hash.slice(0, 16)}.json`].map((name) => `node-1/${name}`),
    ...['base/README.md', 'base/config.json'],
  ])
    await write(path, name);
  expect(await openDemoFolder(path, true)).toMatchObject({ begun: false });
  expect((await readdir(path)).sort()).toEqual(['base', 'demo.json']);
  expect((await readdir(join(path, 'base'))).sort()).toEqual(['README.md', 'config.json']);
});

test.each([
  'relay/mine.txt',
  `relay/blobs/${hash}`,
  `relay/blobs/sha256/${hash}`,
  'node-1/notes/identity.json',
])(
  'starting over deletes nothing while the run’s folders hold %s, which the demo did not make',
  async (name) => {
    const path = join(temporaryFolder(), 'demo');
    await openDemoFolder(path, false);
    for (const each of [name, 'relay/journal.sqlite', 'node-1/identity.json']) await write(path, each);
    await symlink(join(path, name), join(path, 'relay', 'relay.key'));
    await expect(openDemoFolder(path, true)).rejects.toMatchObject({
      code: 'run.foreign-folder',
      message: expect.stringContaining('relay/relay.key'),
    });
    for (const each of [name, 'relay/journal.sqlite', 'node-1/identity.json'])
      expect(await readFile(join(path, each), 'utf8')).toBe(each);
    // Without starting over, the run goes on beside it.
    expect(await openDemoFolder(path, false)).toMatchObject({ begun: true });
  },
);
