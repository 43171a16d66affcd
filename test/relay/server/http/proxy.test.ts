import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { certificateFor } from '../../../../relay/server/tls/certificate.ts';
import { type ProxySettings, startProxy } from '../../../support/proxy.ts';
import { ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { start } from '../../../support/relay/stage.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapestry-proxy-'));
const certificate = await certificateFor('auto', folder, '127.0.0.1', Date.now());
const tls = { cert: certificate?.cert ?? '', key: certificate?.key ?? '' };
afterAll(() => rmSync(folder, { recursive: true }));

/** The response that a page of the proxy's own origin gets. */
async function fetched(url: URL, origin: string): Promise<{ status: number; body: string }> {
  if (url.protocol === 'http:') {
    const response = await fetch(url, { headers: { origin } });
    return { status: response.status, body: await response.text() };
  }
  return new Promise((resolve, reject) => {
    get(url, { ca: tls.cert, headers: { origin } }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    }).on('error', reject);
  });
}

function pagesFolder(): string {
  const pages = temporaryFolder();
  mkdirSync(join(pages, 'assets'));
  for (const name of ['index.html', 'dashboard.html', 'assets/a.js']) writeFileSync(join(pages, name), name);
  return pages;
}

const situations: readonly (readonly [string, ProxySettings])[] = [
  ['that ends TLS', { host: 'keep', tls }],
  ['that ends TLS and sends nginx’s default Host', { host: 'upstream', tls }],
  ['that sends nginx’s default Host', { host: 'upstream' }],
  ['on a sub-path that it strips', { host: 'keep', path: '/shared/run/' }],
  ['on a sub-path that it leaves in', { host: 'keep', path: '/shared/run/', strips: false }],
  ['that does all of it', { host: 'upstream', path: '/run/', tls }],
];

test.each(situations)('behind a proxy %s, pages, status and nodes reach the relay', async (_, settings) => {
  const proxy = await startProxy(settings);
  const relay = await start({ publicUrl: proxy.url, pages: pagesFolder() });
  proxy.forwardTo(relay.url);
  const { origin } = proxy.url;
  for (const [path, body] of [
    ['.', 'index.html'],
    ['dashboard', 'dashboard.html'],
    ['assets/a.js', 'assets/a.js'],
  ] as const) {
    expect(await fetched(new URL(path, proxy.url), origin), path).toEqual({ status: 200, body });
  }
  const status = await fetched(new URL('api/status', proxy.url), origin);
  expect(JSON.parse(status.body)).toMatchObject({ address: proxy.url.href });
  const socket = { headers: { origin }, ca: tls.cert };
  const node = await ScriptedNode.connect(proxy.url, { socket });
  await node.sendJoin();
  await node.next('welcome');
  node.vanish();
  // The programs' own fetch trusts no certificate of this test.
  if (settings.tls !== undefined) return;
  const byFetch = await ScriptedNode.connect(proxy.url, { transport: 'fetch' });
  await byFetch.sendJoin();
  await byFetch.next('welcome');
  byFetch.vanish();
});

test('a foreign name is refused, and the response says which one and which option allows it', async () => {
  const proxy = await startProxy({ host: 'keep', tls });
  const relay = await start();
  proxy.forwardTo(relay.url);
  const endsTls = await fetched(new URL('dashboard', proxy.url), proxy.url.origin);
  expect(endsTls.status).toBe(403);
  expect(endsTls.body).toContain(`does not answer pages of ${proxy.url.origin}`);
  expect(endsTls.body).toContain(`--public-url ${proxy.url.origin}/`);
});
