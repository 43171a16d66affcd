import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readInvitations } from '../../../../../apps/cli/run/joining/invitations.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

function fileOf(text: string): string {
  const file = join(temporaryFolder(), 'invitations.txt');
  writeFileSync(file, text);
  return file;
}

test('an invitation is a token and its number of nodes', async () => {
  const file = fileOf('# the workshop of May\nwarp-and-weft 12\r\n\n  loom-7391\t1\n');
  expect(await readInvitations(file)).toEqual([
    { token: 'warp-and-weft', seats: 12 },
    { token: 'loom-7391', seats: 1 },
  ]);
});

test.each([
  ['', 'names no invitation'],
  ['warp-and-weft', 'on line 1 no number'],
  ['# a\nwarp-and-weft 0', 'on line 2 no number'],
  ['warp-and-weft 3 4', 'no number'],
  ['warp-and-weft 70000', 'no number'],
  ['short 1', 'shorter than 8'],
  ['warp-and-weft 1\nwarp-and-weft 2', 'on line 2 a token twice'],
  [Array.from({ length: 257 }, (_, i) => `warp-and-weft-${i} 1`).join('\n'), 'more than 256'],
])('%j is refused', async (text, why) => {
  const refused = { code: 'usage.invitations', message: expect.stringContaining(why) };
  await expect(readInvitations(fileOf(text))).rejects.toMatchObject(refused);
});

test('a file that is not there is refused', async () => {
  await expect(readInvitations('/nowhere/at/all')).rejects.toMatchObject({ code: 'usage.invitations' });
});
