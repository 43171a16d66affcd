import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NotRead, readRegularFile, whyNotRead } from '../../../client/host/regular-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function why(path: string, most: number): Promise<string> {
  try {
    await readRegularFile(path, most);
  } catch (error) {
    if (error instanceof NotRead) return whyNotRead(error, most);
  }
  return 'was read';
}

test('what was not read is told in words: nothing there, no file, or too large', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'notes.txt');
  await writeFile(file, 'four');
  expect(await why(file, 4)).toBe('was read');
  expect(await why(file, 3)).toBe('has more than 3 bytes');
  expect(await why(join(folder, 'nowhere'), 4)).toBe('is not there');
  expect(await why(join(file, 'config.json'), 4)).toBe('is not there');
  expect(await why(folder, 4)).toBe('is no regular file');
});
