import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../../../bench/browser.ts';
import { decodeToNode, encodeToRelay } from '../../../../relay/wire/frames.ts';
import { type Bundle, bundle, servePage } from '../../../platform/bundle.ts';
import { bpeFile } from '../../../support/data/bpe-file.ts';
import { start } from '../../../support/relay/stage.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

let built: Bundle;
let served: Awaited<ReturnType<typeof servePage>>;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  built = await bundle(join(import.meta.dirname, 'entry.ts'));
  served = await servePage(built.script);
  browser = await launchBrowser('none');
  context = await browser.newContext();
});
afterAll(async () => {
  await browser.close();
  served.close();
  await built.remove();
});

async function open(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(served.url);
  await page.waitForFunction(() => 'host' in globalThis);
  return page;
}

test('a tab stores its key, which signs and cannot be exported', async () => {
  const first = await (await open()).evaluate(() => host.key());
  const again = await (await open()).evaluate(() => host.key());
  expect(again.publicKey).toEqual(first.publicKey);
  expect(first.extractable).toBe(false);
  const publicKey = Uint8Array.from(first.publicKey);
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  expect(await crypto.subtle.verify('Ed25519', key, Uint8Array.from(first.signature), publicKey)).toBe(true);
});

test('a tab does not replace what is stored in the place of its key', async () => {
  expect(await (await open()).evaluate(() => host.otherKey())).toEqual([
    'identity.unreadable',
    'something else',
  ]);
});

test('a tab reads tokenizer files', async () => {
  const file = [...bpeFile(69_980)];
  const tokens = await (await open()).evaluate((bytes) => host.encode(bytes, ' the é'), file);
  expect(tokens).toEqual([69_982, 0x20, 69_989]);
});

test('a tab stores files and replaces them whole', async () => {
  const page = await open();
  expect(await page.evaluate(() => host.read('state.bin'))).toBeNull();
  await page.evaluate(() => host.write('state.bin', [1, 2, 3]));
  await page.evaluate(() => host.write('state.bin', [4]));
  expect(await (await open()).evaluate(() => host.read('state.bin'))).toEqual([4]);
});

test('a second tab cannot run the same node until the first closes', async () => {
  const first = await open();
  expect(await first.evaluate(() => host.hold())).toBeNull();
  const second = await open();
  expect(await second.evaluate(() => host.hold())).toBe('host.in-use');
  await first.close();
  await expect.poll(() => second.evaluate(() => host.hold())).toBeNull();
});

test('an absent relay is reported as unreachable', async () => {
  const page = await open();
  expect(await page.evaluate(() => host.reach('http://127.0.0.1:9/'))).toEqual([
    'relay.unreachable',
    'relay.unreachable',
  ]);
});

test('a tab whose WebSocket is refused speaks with its relay by HTTP', async () => {
  const pages = temporaryFolder();
  await writeFile(join(pages, 'index.html'), '<!doctype html><script type="module" src="entry.js"></script>');
  await copyFile(built.script, join(pages, 'entry.js'));
  const relay = await start({ pages });
  // A proxy that passes no WebSocket on. WebKit itself opens none to a certificate that a person has accepted.
  const asked: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    const { url = '/', method = 'GET', headers } = incoming;
    if (url.startsWith('/node')) asked.push(`${method} ${url}`);
    if (headers.upgrade !== undefined) return void outgoing.writeHead(400).end();
    const onward = request(new URL(url, relay.url), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers).flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : null}/`;
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => 'host' in globalThis);
  const early = [...encodeToRelay({ case: 'leave', value: { round: 1 } })];
  const said = await page.evaluate(([url, message]) => host.converse(url, message), [url, early] as const);
  expect(said.map((bytes) => decodeToNode(Uint8Array.from(bytes)).case)).toEqual([
    'challenge',
    'refusal',
    'goodbye',
  ]);
  expect(asked).toEqual(['GET /node', 'GET /node/frames', 'POST /node/frames?after=0']);
  await page.close();
  proxy.close();
});

test('a tab follows no redirect of a relay', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(302, { location: '/elsewhere', 'access-control-allow-origin': '*' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : null;
  const page = await open();
  expect(await page.evaluate((url) => host.reach(url), `http://127.0.0.1:${port}/`)).toEqual([
    'relay.unreachable',
    'relay.redirected',
  ]);
  expect(asked.sort()).toEqual(['/', '/node', '/node/frames']);
  server.close();
});
