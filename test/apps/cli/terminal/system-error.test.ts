import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { systemError } from '../../../../apps/cli/terminal/system-error.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

test('an error of the file system names the path and what to do, and is not reported as a bug', async () => {
  const folder = temporaryFolder();
  const file = `${folder}/file`;
  await writeFile(file, '');
  const failing: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => mkdir(file), /file of that name is in the way/],
    [() => readdir(file), /is a file and not a folder/],
    [() => mkdir(`${file}/x`), /is a file and not a folder/],
    [() => readFile(`${folder}/none`), /does not exist/],
  ];
  for (const [work, message] of failing) {
    const error = await work().catch((cause: unknown) => cause);
    expect(systemError(error)).toMatchObject({
      code: 'disk.failed',
      message: expect.stringMatching(message),
    });
  }
});

test("the error for a missing Deno permission names Deno's flag", () => {
  const error = new Error('Requires env access to "HOME", run again with the --allow-env flag');
  error.name = 'NotCapable';
  expect(systemError(error)).toMatchObject({
    code: 'host.permission',
    message: 'Deno does not permit this: Requires env access to "HOME".',
    next: expect.stringContaining('--allow-env'),
  });
});

test('any other error is not a system error', () => {
  expect(systemError(new Error('x'))).toBeNull();
  expect(systemError('x')).toBeNull();
  expect(systemError(Object.assign(new Error('x'), { code: 'ERR_ASSERTION' }))).toBeNull();
});
