import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DemoNodes } from '../../../../apps/cli/demo/nodes.ts';
import { exit } from '../../../../apps/cli/exit-codes.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** The demo's error after its one node ran `script`. */
async function failureOf(script: string): Promise<unknown> {
  const folder = temporaryFolder();
  const program = join(folder, 'join.mjs');
  writeFileSync(program, script);
  const nodes = new DemoNodes({
    relay: new URL('http://127.0.0.1:9/'),
    program,
    folder,
    corpora: ['Romance'],
    seed: 0,
    onDeath: () => {},
  });
  return nodes.failed.catch((error: unknown) => error);
}

test("a demo's error quotes what its node reported, without the advice below it", async () => {
  const error = {
    event: 'error',
    code: 'adapter.missing',
    message: 'No adapter.',
    next: 'Install a driver.',
  };
  const script = `
    console.log(JSON.stringify({ event: 'joined' }));
    console.log(${JSON.stringify(JSON.stringify(error))});
    console.error('error[adapter.missing]: No adapter.\\nnext: Install a driver.');
    process.exitCode = ${exit.noAdapter};`;
  expect(await failureOf(script)).toMatchObject({
    code: 'adapter.missing',
    message: expect.stringContaining('No adapter. Install a driver.'),
  });
});

test('the error for a node that dies without a report quotes its stderr', async () => {
  const script = `console.error('Bus error'); process.exitCode = ${exit.usage};`;
  expect(await failureOf(script)).toMatchObject({
    code: 'demo.node-failed',
    message: expect.stringContaining('Bus error'),
  });
});
