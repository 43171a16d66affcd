import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exit } from '../../../apps/cli/exit-codes.ts';
import { saveBase } from '../../../apps/cli/model/base-folder.ts';
import { version } from '../../../apps/cli/version.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { presets } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { sha256Hex } from '../../../client/sha256.ts';
import { decodeManifest, decodeSignedManifest } from '../../../relay/wire/frames.ts';
import { bpeFile } from '../../support/data/bpe-file.ts';
import { type Built, built, runTapestry } from '../../system/built.ts';

let tapestry: Built;
const folder = mkdtempSync(join(tmpdir(), 'tapestry-cli-'));
beforeAll(async () => {
  tapestry = await built();
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...words: string[]) => runTapestry(tapestry, words);
const events = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

test('the version is that of package.json', async () => {
  const { version: packaged } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'),
  );
  expect(version).toBe(packaged);
  expect(await run('--version')).toMatchObject({ code: exit.done, stdout: `${version}\n` });
});

test.each([
  'demo',
  'relay',
  'join',
  'evaluate',
  'build',
  'preview',
  'studio',
  'merge',
  'generate',
  'chat',
  'serve',
  'eval',
  'rebase',
  'lineage',
  'exit',
  'import',
  'export',
  'verify',
  'simulate',
  'info',
])('%s has help with examples', async (name) => {
  const { code, stdout, stderr } = await run(name, '--help');
  expect({ code, stderr }).toEqual({ code: exit.done, stderr: '' });
  expect(stdout).toContain(`Usage: tapestry ${name}`);
  expect(stdout).toContain('--json');
  expect(stdout).toMatch(/Examples:\n {2}\$ (tapestry|npm)/);
  expect((await run()).stderr).toContain(name);
});

test.each([
  [['frob'], 'usage'],
  [['demo', '--rounds', 'three'], 'usage'],
  [['demo', '--preset', 'huge'], 'usage'],
  [['demo', '--nodes', '0'], 'usage'],
  [['generate', '--prompt', 'x'], 'usage'],
  [['generate', '--model', 'm', '--prompt', 'x', '--top-p', '2'], 'usage'],
  [['generate', '--model', 'm', '--prompt', 'x', '--stop', ''], 'usage'],
  [['generate', '--model', 'm', '--prompt', 'x', '--device', 'tpu'], 'usage'],
  [['generate', '--model', 'm', '--prompt', 'x', '--storage', 'f64'], 'usage'],
  [['relay', '--tls', 'perhaps'], 'usage.tls'],
  [['info', 'ftp://relay.example'], 'usage.relay'],
  [['relay', '--token-file', '/nowhere/token'], 'usage.token-file'],
  [['relay', '--token-file', '/dev/null'], 'usage.token-file'],
  [['relay', '--readers', 'me'], 'usage.readers'],
  [['relay', '--public-url', 'relay.example'], 'usage.public-url'],
  [['join', 'http://127.0.0.1:9', '--text', ''], 'usage.empty'],
  [['relay', '--data', ''], 'usage.empty'],
  [['info', ''], 'usage.empty'],
])('%j cannot be read', async (words, code) => {
  const plain = await run(...words);
  expect(plain).toMatchObject({ code: exit.usage, stdout: '' });
  expect(plain.stderr).toMatch(new RegExp(`^error\\[${code}\\]: .+\nnext: .+\n$`));
  expect(plain.stderr).not.toContain('\u001b');
  const json = await run(...words, '--json');
  expect(json.code).toBe(exit.usage);
  expect(events(json.stdout)).toEqual([
    { event: 'error', code, message: expect.stringMatching(/./), next: expect.stringMatching(/./) },
  ]);
});

test('a missing model, run, relay or token is named, with the exit code of its kind', async () => {
  expect(await run('generate', '--model', '/nowhere', '--prompt', 'x')).toMatchObject({
    code: exit.failed,
    stdout: '',
    stderr: expect.stringContaining('error[model.missing]: /nowhere/config.json'),
  });
  expect(await run('generate', '--model', 'package.json', '--prompt', 'x')).toMatchObject({
    stderr: expect.stringContaining('error[model.missing]: package.json/config.json is not there.'),
  });
  expect(await run('build', '/nowhere.yaml')).toMatchObject({
    stderr: expect.stringContaining('error[recipe.missing]: /nowhere.yaml is not there.'),
  });
  expect(await run('verify', '/nowhere')).toMatchObject({
    code: exit.failed,
    stderr: expect.stringContaining('error[run.missing]'),
  });
  expect(await run('info', 'http://127.0.0.1:9')).toMatchObject({
    code: exit.relay,
    stderr: expect.stringContaining('error[relay.unreachable]'),
  });
  expect(await run('relay', '--host', '0.0.0.0', '--data', join(folder, 'open'))).toMatchObject({
    code: exit.usage,
    stderr: expect.stringMatching(/error\[relay\.token-needed\].*\n.*--token-file FILE.*TAPESTRY_TOKEN/),
  });
});

test('generate prints only prompt and continuation, and the same text each time when greedy', async () => {
  const config = { ...presets.nano, layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32 };
  const layout = layoutOf(config);
  const model = join(folder, 'model');
  await saveBase(
    model,
    { config, layout, parameters: initialParameters(config, layout, 1), tokenizer: byteTokenizer },
    {
      name: 'test',
      run: '0'.repeat(64),
      round: 0,
      contributions: 0,
      tokens: 0,
      localSteps: 1,
      license: 'Apache-2.0',
      corpora: [],
    },
  );
  const words = ['generate', '--model', model, '--prompt', 'Zebra é ', '--max-tokens', '12'];
  const greedy = await run(...words, '--greedy');
  expect(greedy).toMatchObject({ code: exit.done, stderr: '' });
  expect(greedy.stdout.startsWith('Zebra é ')).toBe(true);
  expect(greedy.stdout.length).toBeGreaterThan('Zebra é '.length);
  expect((await run(...words, '--greedy', '--seed', '5')).stdout).toBe(greedy.stdout);
  const one = await run(...words, '--seed', '1', '--json');
  const other = await run(...words, '--seed', '2', '--json');
  expect(events(one.stdout)).toMatchObject([{ event: 'generated', prompt: 'Zebra é ', tokens: 12 }]);
  expect(one.stdout).not.toBe(other.stdout);
  // Other prompts do not change a text; a repeated prompt gets another continuation.
  const several = await run(...words, '--seed', '1', '--prompt', 'x', '--prompt', 'Zebra é ', '--json');
  const made = events(several.stdout).sort((a, b) => Number(a['index']) - Number(b['index']));
  expect(made).toMatchObject([{ index: 0 }, { index: 1, prompt: 'x' }, { index: 2, prompt: 'Zebra é ' }]);
  expect(made[0]).toEqual(events(one.stdout)[0]);
  expect(made[2]?.['text']).not.toBe(made[0]?.['text']);
  // Without --json the texts are printed in order, however long each takes.
  const text = await run(...words, '--seed', '1', '--prompt', 'x');
  expect(text.stdout).toBe(`Zebra é ${made[0]?.['text']}\n\nx${made[1]?.['text']}`);
  // This stop string occurs in the text.
  const stop = String(made[0]?.['text']).slice(2, 4);
  const stopped = await run(...words, '--seed', '1', '--stop', 'nowhere', '--stop', stop, '--json');
  const before = String(made[0]?.['text']).split(stop)[0];
  expect(events(stopped.stdout)).toMatchObject([{ text: before, end: 'stop' }]);
  // A small model runs on the CPU by default, and an adapter gives the same text.
  const both = [...words, '--prompt', 'x', '--greedy', '--json'];
  const texts = (said: string) => events(said).map(({ text }) => text);
  const [cpu, gpu] = [await run(...both), await run(...both, '--device', 'gpu')];
  expect(events(cpu.stdout)).toMatchObject([{ device: 'cpu' }, { device: 'cpu' }]);
  expect(events(gpu.stdout).map(({ device }) => device)).not.toContain('cpu');
  expect(texts(gpu.stdout)).toEqual(texts(cpu.stdout));
  const half = await run(...both, '--device', 'gpu', '--storage', 'f16');
  expect(events(half.stdout)).toMatchObject([{ tokens: 12 }, { tokens: 12 }]);
  writeFileSync(join(model, 'config.json'), '{}');
  expect(await run(...words)).toMatchObject({ code: exit.failed, stdout: '' });
});

test('the demo refuses a port in use and a folder that is not a run, and touches neither', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const data = join(folder, 'untouched');
  expect(await run('demo', '--port', String(port), '--data', data, '--exit')).toMatchObject({
    code: exit.failed,
    stderr: expect.stringContaining('error[relay.port-in-use]'),
  });
  server.close();
  expect(existsSync(data)).toBe(false);
  const notes = join(folder, 'notes');
  mkdirSync(notes);
  writeFileSync(join(notes, 'diary.txt'), 'mine');
  expect(await run('demo', '--port', '0', '--data', notes, '--fresh', '--exit')).toMatchObject({
    code: exit.failed,
    stderr: expect.stringContaining('error[run.foreign-folder]'),
  });
  expect(readFileSync(join(notes, 'diary.txt'), 'utf8')).toBe('mine');
});

test('an empty environment variable is refused by name and not used as a value', async () => {
  const { code, stderr } = await runTapestry(tapestry, ['relay', '--port', '0'], { TAPESTRY_TOKEN: '' });
  expect(code).toBe(exit.usage);
  expect(stderr).toContain('error[usage.empty]: The variable TAPESTRY_TOKEN is empty.');
});

test('a relay keeps serving after the readers of its stdout and stderr are gone', async () => {
  const words = ['relay', '--port', '0', '--json', '--data', join(folder, 'unread')];
  const relay = spawn(process.execPath, [tapestry.tapestry, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [line] = await once(createInterface({ input: relay.stdout }), 'line');
  const { dashboard } = JSON.parse(line);
  relay.stdout.destroy();
  relay.stderr.destroy();
  expect((await fetch(new URL('/healthz', dashboard))).status).toBe(200);
  relay.kill('SIGTERM');
  // Stopping writes to both streams.
  expect(await once(relay, 'exit')).toEqual([exit.done, null]);
});

test('relay --tokenizer makes a run of that tokenizer, serves its file, and refuses one it cannot use', async () => {
  const [file, unusable] = [join(folder, 'tokenizer.json'), join(folder, 'unusable.json')];
  await writeFile(file, bpeFile());
  await writeFile(unusable, bpeFile(259, { normalizer: { type: 'NFC' } }));
  const refused = await run(
    'relay',
    '--port',
    '0',
    '--data',
    join(folder, 'refused'),
    '--tokenizer',
    unusable,
  );
  expect(refused).toMatchObject({
    code: exit.failed,
    stderr: expect.stringContaining('error[tokenizer.unsupported]'),
  });

  const words = ['relay', '--port', '0', '--json', '--data', join(folder, 'bpe'), '--tokenizer', file];
  const relay = spawn(process.execPath, [tapestry.tapestry, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: relay.stdout })[Symbol.asyncIterator]();
  const { dashboard } = JSON.parse((await lines.next()).value ?? '');
  expect(JSON.parse((await lines.next()).value ?? '')).toEqual({
    event: 'data',
    folder: join(folder, 'bpe'),
  });
  const bytesAt = async (path: string) =>
    new Uint8Array(await (await fetch(new URL(path, dashboard))).arrayBuffer());
  const { tokenizer } = decodeManifest(decodeSignedManifest(await bytesAt('/manifest')).manifest);
  expect(tokenizer.case).toBe('file');
  expect(await bytesAt(`/blobs/${sha256Hex(bpeFile())}`)).toEqual(bpeFile());
  const ended = once(relay, 'exit');
  relay.kill('SIGTERM');
  expect(await ended).toEqual([exit.done, null]);
});
