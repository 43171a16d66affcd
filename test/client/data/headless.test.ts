import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadNation, nations } from '../../../client/data/udhr/nations.ts';
import { udhrPlugin } from '../../../client/data/udhr/plugin.ts';

/** Tokens of " the é" by the tokenizer of a file. */
const bpe = [69_982, 0x20, 69_989];
const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const deno = ['run', '--no-remote', '--no-npm', '--no-prompt'];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headless-'));
  await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [udhrPlugin()],
    ssr: { noExternal: true },
    build: {
      ssr: join(import.meta.dirname, 'headless-entry.ts'),
      outDir: join(folder, 'dist'),
      rollupOptions: { output: { entryFileNames: 'entry.mjs' } },
    },
  });
  await writeFile(join(folder, 'own.txt'), 'The text that a node brings itself. '.repeat(10));
});
afterAll(() => rm(folder, { recursive: true }));

async function expected() {
  const { train, heldOut } = await loadNation('Celtic');
  return { nations: nations.length, train: train.length, heldOut: heldOut.length, hash: train.hash(), bpe };
}

test('the build puts each nation into a chunk of its own', async () => {
  const chunks = await readdir(join(folder, 'dist/assets'));
  expect(chunks).toHaveLength(nations.length);
  expect(chunks.filter((name) => name.startsWith('celtic-'))).toHaveLength(1);
});

test('a bundle loads the same text in Node', async () => {
  const { stdout } = await run(process.execPath, [join(folder, 'dist/entry.mjs'), join(folder, '*.txt')]);
  expect(JSON.parse(stdout)).toEqual({ ...(await expected()), own: 330, problems: [] });
});

test('a bundle loads the same text in Deno without any permission', async () => {
  const program = join(root, 'node_modules/.bin/deno');
  const { stdout } = await run(program, [...deno, join(folder, 'dist/entry.mjs')]);
  expect(JSON.parse(stdout)).toEqual({ ...(await expected()), own: null, problems: [] });
});

test("in Deno, a node's own files need read permission for those files and nothing else", async () => {
  const program = join(root, 'node_modules/.bin/deno');
  const { stdout } = await run(program, [
    ...[...deno, `--allow-read=${folder}`],
    ...[join(folder, 'dist/entry.mjs'), join(folder, '*.txt')],
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ own: 330, problems: [] });
  await expect(
    run(program, [...deno, join(folder, 'dist/entry.mjs'), join(folder, 'own.txt')]),
  ).rejects.toThrow('has no text that can be used');
});
