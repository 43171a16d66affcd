import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { get as request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { acceptsGzip } from '../../../../relay/server/http/pages.ts';
import { remembered } from '../../../../relay/server/http/shared-body.ts';
import type { Relay } from '../../../../relay/server/server.ts';
import { start } from '../../../support/relay/stage.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const script = 'export const thread = 1;\n'.repeat(400);
const picture = Buffer.from(Array.from({ length: 400 }, (_, i) => (i * i * 7919) % 251));

async function relayWithPages(): Promise<{ relay: Relay; folder: string }> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<p>loom</p>');
  writeFileSync(join(folder, 'assets/a.js'), script);
  writeFileSync(join(folder, 'assets/a.png'), picture);
  return { relay: await start({ pages: folder }), folder };
}

/** An answer as it is on the wire: `fetch` would decompress it. */
function asked(relay: Relay, path: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      request(new URL(path, relay.url), { headers, method }, (answer) => {
        buffer(answer).then(
          (body) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }),
          reject,
        );
      }).on('error', reject);
    },
  );
}

test('a page is sent compressed to those who accept it, under another tag, and whole to all others', async () => {
  const { relay } = await relayWithPages();
  const hash = createHash('sha256').update(script).digest('hex');
  const whole = await asked(relay, 'assets/a.js', {});
  expect(whole).toMatchObject({
    status: 200,
    headers: { etag: `"${hash}"`, vary: 'accept-encoding', 'content-length': String(script.length) },
  });
  expect(whole.headers['content-encoding']).toBeUndefined();
  expect(whole.body.toString()).toBe(script);
  const compressed = await asked(relay, 'assets/a.js', { 'accept-encoding': 'br, gzip' });
  expect(compressed.headers).toMatchObject({ 'content-encoding': 'gzip', etag: `"${hash}-gzip"` });
  expect(compressed.headers['content-length']).toBe(String(compressed.body.length));
  expect(gunzipSync(compressed.body).toString()).toBe(script);
  expect(compressed.headers['content-security-policy']).toBe(whole.headers['content-security-policy']);
  const head = await asked(relay, 'assets/a.js', { 'accept-encoding': 'gzip' }, 'HEAD');
  expect([head.status, head.headers['etag'], head.body.length]).toEqual([200, `"${hash}-gzip"`, 0]);
});

test('what does not become smaller is sent as it is', async () => {
  const { relay } = await relayWithPages();
  for (const [path, body] of [
    ['assets/a.png', picture],
    ['', Buffer.from('<p>loom</p>')],
  ] as const) {
    const answer = await asked(relay, path, { 'accept-encoding': 'gzip' });
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.body.equals(body)).toBe(true);
  }
});

test('a browser that has a page is answered without it', async () => {
  const { relay } = await relayWithPages();
  for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
    const { etag } = (await asked(relay, 'assets/a.js', headers)).headers;
    const again = await asked(relay, 'assets/a.js', { ...headers, 'if-none-match': String(etag) });
    expect([again.status, again.headers['etag'], again.body.length]).toEqual([304, etag, 0]);
    expect(again.headers['content-security-policy']).toContain("default-src '");
    const other = await asked(relay, 'assets/a.js', { ...headers, 'if-none-match': '"other"' });
    expect(other.status).toBe(200);
  }
});

test('a page is read once, and a file that cannot be read is asked for again', async () => {
  const { relay, folder } = await relayWithPages();
  rmSync(join(folder, 'assets/a.png'));
  expect((await asked(relay, 'assets/a.png', {})).status).toBe(500);
  writeFileSync(join(folder, 'assets/a.png'), picture);
  expect((await asked(relay, 'assets/a.png', {})).status).toBe(200);
  await asked(relay, 'assets/a.js', {});
  rmSync(folder, { recursive: true });
  for (const headers of [{}, { 'accept-encoding': 'gzip' }])
    expect((await asked(relay, 'assets/a.js', headers)).status).toBe(200);
});

test('gzip is accepted where a header names it without refusing it', () => {
  for (const header of ['gzip', 'br, gzip', 'GZIP;q=0.5', 'gzip ; q=1', 'deflate,gzip;q=0.001'])
    expect(acceptsGzip(header), header).toBe(true);
  for (const header of [undefined, '', 'br', 'gzip;q=0', 'gzip; q=0.000', 'x-gzip-not', 'gzip;x'])
    expect(acceptsGzip(header), header).toBe(false);
});

test('what is remembered is made once in its time, for all who ask meanwhile, and a failure is not', async () => {
  let now = 0;
  const makes: (() => Promise<number>)[] = [];
  let made = 0;
  const get = remembered(
    () => (makes.shift() ?? (async () => ++made))(),
    100,
    () => now,
  );
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
  now = 99;
  expect(await get()).toBe(1);
  now = 100;
  makes.push(() => Promise.reject(new Error('no')));
  await expect(get()).rejects.toThrow('no');
  expect(await get()).toBe(2);
});
