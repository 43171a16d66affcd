import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement, parseReport } from './agreement.ts';
import { type Bundle, bundle } from './bundle.ts';

const run = promisify(execFile);
const deno = join(import.meta.dirname, '../../node_modules/.bin/deno');
const cut = ['run', '--no-remote', '--no-npm', '--no-prompt'];
let built: Bundle;

beforeAll(async () => {
  built = await bundle(join(import.meta.dirname, 'entry.ts'));
});
afterAll(() => built.remove());

test('Deno: every operation and whole training steps agree with the float64 reference, without a single permission', async () => {
  const { stdout } = await run(deno, [...cut, built.script], { maxBuffer: 2 ** 24 });
  expectAgreement(parseReport(stdout));
});

test('Deno: a program with the permissions of this test cannot fetch', async () => {
  const wish = join(built.folder, 'wish.mjs');
  await writeFile(wish, "await fetch('http://127.0.0.1:8766/');");
  await expect(run(deno, [...cut, '--allow-net=127.0.0.1:8765', wish])).rejects.toThrow(/NotCapable/);
});
