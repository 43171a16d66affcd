import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement, parseReport } from './agreement.ts';
import { type Bundle, bundle, runInDeno } from './bundle.ts';

let built: Bundle;

beforeAll(async () => {
  built = await bundle(join(import.meta.dirname, 'entry.ts'));
});
afterAll(() => built.remove());

test('Deno: every operation and whole training steps agree with the float64 reference, without a single permission', async () => {
  const source = `
    import { report } from './entry.js';
    console.log(JSON.stringify(await report(navigator.gpu, 'every entry point')));`;
  expectAgreement(parseReport(await runInDeno(built, source)));
});

test('Deno: a program with the permissions of this test cannot fetch', async () => {
  const source = "await fetch('http://127.0.0.1:8766/');";
  await expect(runInDeno(built, source, ['--allow-net=127.0.0.1:8765'])).rejects.toThrow(/NotCapable/);
});
