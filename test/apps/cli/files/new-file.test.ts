import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireNewFile, writeNewFile } from '../../../../apps/cli/files/new-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const refused = { code: 'usage.exists', next: expect.stringContaining('--to') };

test('a new file is written whole, and never over one that is there', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'below', 'file');
  requireNewFile(path, '--to');
  expect(await writeNewFile(path, [Buffer.from('one, '), Buffer.from('two')], '--to')).toBe(8);
  expect(() => requireNewFile(path, '--to')).toThrow(expect.objectContaining(refused));
  await expect(writeNewFile(path, [Buffer.from('other')], '--to')).rejects.toMatchObject(refused);
  expect(readFileSync(path, 'utf8')).toBe('one, two');
  expect(readdirSync(join(folder, 'below'))).toEqual(['file']);
  await expect(writeNewFile(join(path, 'below'), [], '--to')).rejects.toMatchObject({ code: 'disk.failed' });
});

test('a file that appears while another is written stays, and so does one behind a broken link', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'file');
  const parts = function* () {
    yield Buffer.from('mine');
    writeFileSync(path, 'theirs');
  };
  await expect(writeNewFile(path, parts(), '--to')).rejects.toMatchObject(refused);
  expect(readFileSync(path, 'utf8')).toBe('theirs');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  await expect(writeNewFile(join(folder, 'link'), [], '--to')).rejects.toMatchObject(refused);
  expect(readdirSync(folder).sort()).toEqual(['file', 'link']);
});

test('nothing is left of a file whose parts fail', async () => {
  const folder = temporaryFolder();
  const parts = function* () {
    yield Buffer.from('mine');
    throw new RangeError('no more');
  };
  await expect(writeNewFile(join(folder, 'file'), parts(), '--to')).rejects.toThrow('no more');
  expect(readdirSync(folder)).toEqual([]);
});
