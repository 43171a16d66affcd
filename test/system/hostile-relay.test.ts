import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { exit } from '../../apps/cli/exit-codes.ts';
import { nodeRuntime } from '../../client/host/node/runtime.ts';
import { sha256Hex } from '../../client/sha256.ts';
import { encodeToNode } from '../../relay/wire/frames.ts';
import { RefusalCode } from '../../relay/wire/tapestry_pb.js';
import { impatient, Stage, type TestNode, tinyRun } from '../support/contribute/harness.ts';
import { bpeFile } from '../support/data/bpe-file.ts';
import { writeRun } from '../support/relay/written-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Built, built } from './built.ts';
import { peakOf } from './child-memory.ts';
import { type Answering, HostileRelay } from './hostile-relay.ts';

/** A command may take this much memory, most of which is Node itself, whatever a relay sends. */
const mostMemory = 400 * 2 ** 20;

const stage = new Stage();
let tapestry: Built;
beforeAll(async () => {
  tapestry = await built();
});
afterEach(() => stage.close());

async function hostile(answering: Answering, upstream: URL | null = null): Promise<HostileRelay> {
  const relay = await HostileRelay.start(answering, upstream);
  stage.onClose(() => relay.close());
  return relay;
}

const zeros = (bytes: number) =>
  Readable.from(
    (function* () {
      const piece = Buffer.alloc(2 ** 16);
      for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
    })(),
  );

const compressed = gzipSync(Buffer.alloc(2 ** 28), { level: 9 });
const gzip = { 'content-encoding': 'gzip' };
const deep = `${'['.repeat(2 ** 21)}${']'.repeat(2 ** 21 - 10)}`;
const manyFaults = `{"history":[${'{},'.repeat(1_300_000)}{}]}`;

/** Answers of a relay, each to every request. None may cost a command more than `mostMemory`, or never end. */
const floods: readonly (readonly [string, Answering])[] = [
  ['a gzip of 256 MiB of zeros', ({ response }) => response.writeHead(200, gzip).end(compressed)],
  [
    'an endless gzip',
    ({ response }) =>
      zeros(2 ** 50)
        .pipe(createGzip())
        .pipe(response.writeHead(200, gzip)),
  ],
  ['an endless answer', ({ response }) => zeros(2 ** 50).pipe(response.writeHead(200))],
  [
    'an answer announced as a terabyte',
    ({ response }) => zeros(2 ** 40).pipe(response.writeHead(200, { 'content-length': 2 ** 40 })),
  ],
  ['JSON that is nested two million deep', ({ response }) => response.end(deep)],
  ['JSON with a million faults', ({ response }) => response.end(manyFaults)],
];

test.each(floods)('%s fills the memory of neither info nor verify', async (what, answering) => {
  const relay = await hostile(answering);
  for (const command of ['info', 'verify']) {
    const { code, stderr, bytes } = await peakOf(tapestry, [command, relay.url.href]);
    console.log(`${command}, ${what}: ${(bytes / 2 ** 20).toFixed(0)} MiB, exit ${code}`);
    expect(stderr).toMatch(/error\[relay\.|not verified|problem/);
    expect([exit.relay, exit.verification]).toContain(code);
    expect(bytes).toBeLessThan(mostMemory);
  }
});

test('a relay whose blobs do not end fills the memory of verify with no more than they should have', async () => {
  const run = await writeRun(temporaryFolder());
  stage.onClose(() => run.close());
  const lines: string[] = [];
  for await (const line of run.journalAfter(0)) lines.push(`${line}\n`);
  const relay = await hostile(({ path, response }) => {
    if (path === '/journal') response.end(lines.join(''));
    else if (path.startsWith('/blobs/')) zeros(2 ** 50).pipe(response.writeHead(200));
    else response.writeHead(404).end();
  });
  const { code, bytes } = await peakOf(tapestry, ['verify', relay.url.href]);
  console.log(`verify, endless blobs: ${(bytes / 2 ** 20).toFixed(0)} MiB, exit ${code}`);
  expect(code).toBe(exit.verification);
  expect(bytes).toBeLessThan(mostMemory);
});

test('no command follows a redirect to another server', async () => {
  const inner = await hostile(({ response }) => response.end('{}'));
  const relay = await hostile(({ response }) => response.writeHead(307, { location: inner.url.href }).end());
  for (const command of ['info', 'verify'])
    expect((await peakOf(tapestry, [command, relay.url.href])).stderr).toContain('error[relay.redirected]');
  const node = stage.node(await stage.folder(), relay.url);
  expect(await node.done).toMatchObject({ code: 'relay.redirected' });
  expect(inner.asked).toEqual([]);
});

/** A node that waits for no delay, so that its retries come at once; their intended delays are in its events. */
async function hastyNode(relay: URL): Promise<TestNode> {
  const folder = await stage.folder();
  return stage.node(folder, relay, { runtime: impatient(nodeRuntime({ folder }), 1) });
}

async function delaysOf(node: TestNode, attempts: number): Promise<number[]> {
  await node.said('retry', ({ attempt }) => attempt >= attempts);
  return node.all('retry').map(({ milliseconds }) => milliseconds);
}

test('a relay that lets a node in and closes, again and again, is joined at growing delays, and its base fetched once', async () => {
  const create = tinyRun({ rounds: 9, localSteps: 4, quorum: 1, target: 1 });
  const upstream = await stage.relay({
    folder: await stage.folder(),
    create,
    limits: { joinBurst: 1000, keyJoinBurst: 1000 },
  });
  const relay = await hostile(({ forward }) => forward(), upstream.url);
  relay.cutsAfter = 'roundOpen';
  // An abandoned round is no progress that could shorten a delay.
  relay.lastWords = encodeToNode({ case: 'abandon', value: { round: 1 } });
  const node = await hastyNode(relay.url);
  const delays = await delaysOf(node, 9);
  console.log(`joins of a relay that closes: delays of ${delays.join(', ')} ms`);
  expect(delays.at(-1)).toBeGreaterThanOrEqual(30_000);
  for (const [attempt, delay] of delays.entries())
    expect(delay).toBeGreaterThanOrEqual(Math.min(60_000, 500 * 2 ** attempt) / 2);
  expect(relay.asked.filter((path) => path.startsWith('/blobs/')).length).toBeLessThanOrEqual(delays.length);
  expect(node.all('synced').filter(({ bytes }) => bytes > 0).length).toBeLessThanOrEqual(1);
});

test('a full relay is retried and never final, over the WebSocket and over HTTP', async () => {
  const refusal = encodeToNode({ case: 'refusal', value: { code: RefusalCode.TOO_MANY, round: 1 } });
  for (const status of [503, null]) {
    const relay = await hostile(({ response }) => response.writeHead(status ?? 404).end());
    if (status === null)
      relay.manifestOf = await stage.relay({
        folder: await stage.folder(),
        create: tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 }),
      });
    relay.onSocket = (socket) => {
      socket.send(refusal);
      socket.close();
    };
    const node = await hastyNode(relay.url);
    await delaysOf(node, 12);
    expect(new Set(node.all('retry').map(({ code }) => code))).toEqual(new Set(['relay.too-many']));
    expect(node.all('left')).toEqual([]);
    await node.leave();
  }
});

test('frames that are too long, too many or no messages close the connection, and the node tries again', async () => {
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const upstream = await stage.relay({ folder: await stage.folder(), create });
  const pulse = encodeToNode({ case: 'pulse', value: {} });
  const floods: readonly (readonly Uint8Array[])[] = [
    [new Uint8Array(2 ** 18)],
    Array.from({ length: 5000 }, () => pulse),
    [Uint8Array.of(255, 1, 2)],
  ];
  for (const frames of floods) {
    const relay = await hostile(({ forward }) => forward(), upstream.url);
    relay.onSocket = (socket) => {
      for (const frame of frames) socket.send(frame);
    };
    const node = await hastyNode(relay.url);
    await delaysOf(node, 2);
    for (const { code } of node.all('retry'))
      expect(code).toMatch(/^relay\.(?:malformed|unreachable|stopping)$/);
    await node.leave();
  }
});

test('a tokenizer whose regular expression would hang a node is refused with its code', async () => {
  const split = { type: 'Split', pattern: { Regex: '(\\p{L}+)+$' }, behavior: 'Isolated', invert: false };
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const file = bpeFile(259, { pre_tokenizer: { type: 'Sequence', pretokenizers: [split, bytes] } });
  const known = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1, tokenizer: bpeFile() });
  const { config = new Uint8Array() } = known.tokenizer ?? {};
  const value = {
    hash: Buffer.from(sha256Hex(file), 'hex'),
    byteLength: file.length,
    configHash: Buffer.from(sha256Hex(config), 'hex'),
    configByteLength: config.length,
  };
  const manifest = { ...known.manifest, tokenizer: { case: 'file' as const, value } };
  const relay = await stage.relay({
    folder: await stage.folder(),
    create: { ...known, manifest, tokenizer: { file, config } },
  });
  const node = stage.node(await stage.folder(), relay.url);
  expect(await node.done).toMatchObject({ code: 'tokenizer.unsupported' });
});

test.each(['config.json', 'model.safetensors', 'tokenizer.json'])(
  'a pipe as %s does not hang generate',
  async (name) => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, name)]);
    const { code, stderr } = await peakOf(tapestry, ['generate', '--model', folder, '--prompt', 'x']);
    expect(code).toBe(exit.failed);
    expect(stderr).toMatch(/error\[model\.(?:unreadable|missing)\]/);
  },
);
