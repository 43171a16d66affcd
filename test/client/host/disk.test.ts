import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diskFiles } from '../../../client/host/disk.ts';
import { identityInFiles } from '../../../client/identity.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapestry-disk-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('files are replaced whole, and only their user can read them', async () => {
  const own = join(folder, 'deep', 'node');
  const files = diskFiles(own);
  expect(await files.read('a.bin')).toBeNull();
  await files.write('a.bin', Uint8Array.of(1, 2, 3));
  await chmod(join(own, 'a.bin'), 0o644);
  await files.write('a.bin', Uint8Array.of(4));
  expect(await files.read('a.bin')).toEqual(Uint8Array.of(4));
  expect((await stat(join(own, 'a.bin'))).mode & 0o777).toBe(0o600);
  expect((await stat(own)).mode & 0o777).toBe(0o700);
  expect(await readdir(own)).toEqual(['a.bin']);
});

test('a pipe or a folder in place of a file is refused and never waited for', async () => {
  const own = await mkdtemp(join(folder, 'node-'));
  await promisify(execFile)('mkfifo', [join(own, 'pipe')]);
  await mkdir(join(own, 'folder'));
  const files = diskFiles(own);
  for (const name of ['pipe', 'folder'])
    await expect(files.read(name)).rejects.toMatchObject({ code: 'disk.failed' });
  await expect(diskFiles('/dev').read('zero')).rejects.toMatchObject({ code: 'disk.failed' });
});

test('a failed write reports a next step and leaves the old content', async () => {
  const blocked = join(folder, 'a-file');
  await writeFile(blocked, 'kept');
  const files = diskFiles(join(blocked, 'node'));
  await expect(files.write('a.bin', Uint8Array.of(1))).rejects.toMatchObject({
    code: 'disk.failed',
    next: expect.stringMatching(/--data/),
  });
  await expect(diskFiles('/dev/full/x').write('a', Uint8Array.of(1))).rejects.toMatchObject({
    code: 'disk.failed',
  });
});

test('a node stores its key in a file that only its user can read', async () => {
  const files = diskFiles(join(folder, 'key'));
  const first = await identityInFiles(files);
  const again = await identityInFiles(files);
  expect(again.publicKey).toEqual(first.publicKey);
  expect(first.publicKey).toHaveLength(32);
  expect((await stat(join(folder, 'key', 'identity.json'))).mode & 0o777).toBe(0o600);
  const message = Uint8Array.of(1, 2, 3);
  const signature = await crypto.subtle.sign('Ed25519', first.privateKey, message);
  const key = await crypto.subtle.importKey('raw', again.publicKey, 'Ed25519', false, ['verify']);
  expect(await crypto.subtle.verify('Ed25519', key, signature, message)).toBe(true);
});

test('a key that cannot be read is not replaced', async () => {
  const files = diskFiles(join(folder, 'broken'));
  for (const bad of ['', '{}', '{"kty":"OKP","crv":"Ed25519","x":"short","d":"short"}', '\u0000']) {
    const bytes = new TextEncoder().encode(bad);
    await files.write('identity.json', bytes);
    await expect(identityInFiles(files)).rejects.toMatchObject({ code: 'identity.unreadable' });
    expect(await files.read('identity.json')).toEqual(bytes);
  }
});
