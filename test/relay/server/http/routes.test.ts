import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matches, spanOf } from '../../../../relay/server/http/blob-response.ts';
import { type Relay, startRelay } from '../../../../relay/server/server.ts';
import {
  statusChangeSchema,
  statusHistorySchema,
  statusSnapshotSchema,
} from '../../../../relay/wire/status.ts';
import { ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { parameters, smallRun } from '../../../support/relay/small-run.ts';

let folder = '';
let relay: Relay;
let base = new Uint8Array();
let blob = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapestry-http-'));
  await mkdir(join(folder, 'pages/assets'), { recursive: true });
  await writeFile(join(folder, 'pages/index.html'), '<p>contribute</p>');
  await writeFile(join(folder, 'pages/dashboard.html'), '<p>dashboard</p>');
  await writeFile(join(folder, 'pages/assets/worker-a1.js'), 'self.close()');
  await writeFile(join(folder, 'pages/assets/look-a1.css'), 'p {}');
  await writeFile(join(folder, 'secret.html'), 'secret');
  relay = await startRelay({
    folder: join(folder, 'run'),
    host: '127.0.0.1',
    port: 0,
    tls: 'off',
    pages: join(folder, 'pages'),
    create: smallRun(),
    limits: { tick: 10, statusInterval: 20, eventStreams: 2 },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const { hash, parameters } = await relay.base();
  blob = `blobs/${hash}`;
  base = new Uint8Array(parameters.buffer);
});

afterAll(async () => {
  await relay.close();
  await rm(folder, { recursive: true });
});

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return fetch(new URL(path, relay.url), { headers, method });
}

/** A request whose target is sent unchanged; URL would normalize it. */
async function getAsWritten(target: string): Promise<string> {
  const socket = connect(Number(relay.url.port), relay.url.hostname);
  socket.write(`GET ${target} HTTP/1.1\r\nhost: ${relay.url.host}\r\nconnection: close\r\n\r\n`);
  return text(socket);
}

describe('blobs', () => {
  test('are served whole, named by their hash, and never expire', async () => {
    const response = await get(blob);
    expect(response.status).toBe(200);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(Buffer.compare(bytes, base)).toBe(0);
    const hash = createHash('sha256').update(bytes).digest('hex');
    expect(response.headers.get('etag')).toBe(`"${hash}"`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-length')).toBe(String(4 * parameters));
  });

  test('are served in parts', async () => {
    const size = base.length;
    const expected = [
      ['bytes=0-9', 0, 10],
      ['bytes=100-', 100, size],
      ['bytes=-7', size - 7, size],
      [`bytes=5-${size + 100}`, 5, size],
    ] as const;
    for (const [range, start, end] of expected) {
      const response = await get(blob, { range });
      expect(response.status, range).toBe(206);
      expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${size}`);
      const part = new Uint8Array(await response.arrayBuffer());
      expect(Buffer.compare(part, base.subarray(start, end))).toBe(0);
    }
    const beyond = await get(blob, { range: `bytes=${size}-` });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${size}`);
  });

  test('are not sent to a client that has them, and sent whole to one that has another', async () => {
    const etag = `"${blob.slice('blobs/'.length)}"`;
    const unchanged = await get(blob, { 'if-none-match': `"other", ${etag}` });
    expect([unchanged.status, await unchanged.text()]).toEqual([304, '']);
    expect(unchanged.headers.get('etag')).toBe(etag);
    expect((await get(blob, { range: 'bytes=0-9', 'if-range': etag })).status).toBe(206);
    const whole = await get(blob, { range: 'bytes=0-9', 'if-range': '"other"' });
    expect([whole.status, (await whole.arrayBuffer()).byteLength]).toEqual([200, base.length]);
  });

  test('HEAD describes them without sending them', async () => {
    const before = relay.status().totals.bytesDown;
    const response = await get(blob, {}, 'HEAD');
    expect(response.headers.get('content-length')).toBe(String(base.length));
    expect(await response.text()).toBe('');
    expect(relay.status().totals.bytesDown).toBe(before);
  });

  test('an aborted download releases its file', async () => {
    const abort = new AbortController();
    const response = await fetch(new URL(blob, relay.url), { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    expect((await get('healthz')).status).toBe(200);
  });

  test('no other file can be read there', async () => {
    for (const name of [
      '',
      'ab',
      '0'.repeat(64),
      blob.slice(6).toUpperCase(),
      '..%2frelay.key',
      '%2e%2e/relay.key',
    ]) {
      expect((await get(`blobs/${name}`)).status, name).toBe(404);
    }
  });
});

describe('spanOf', () => {
  test('is within the size, or null', () => {
    const headers = fc.oneof(
      fc.tuple(fc.nat(300), fc.nat(300)).map(([a, b]) => `bytes=${a}-${b}`),
      fc.nat(300).map((a) => `bytes=${a}-`),
      fc.nat(300).map((a) => `bytes=-${a}`),
      fc.string(),
      fc.string().map((rest) => `bytes=${rest}`),
      fc.constant('bytes=0-1,3-4'),
      fc.constant(`bytes=${'9'.repeat(400)}-`),
    );
    fc.assert(
      fc.property(headers, fc.nat(200), (header, size) => {
        const span = spanOf(header, size);
        if (span === null || span === 'unsatisfiable') return;
        expect(span.start).toBeGreaterThanOrEqual(0);
        expect(span.end).toBeGreaterThanOrEqual(span.start);
        expect(span.end).toBeLessThan(size);
      }),
    );
  });

  test('ignores a header with no range or several', () => {
    for (const header of [
      undefined,
      '',
      'bytes=',
      'bytes=-',
      'bytes=5-4',
      'bytes=0-1,3-4',
      'items=0-1',
      'bytes=a-b',
    ]) {
      expect(spanOf(header, 100), header).toBeNull();
    }
    expect(spanOf('bytes=-0', 100)).toBe('unsatisfiable');
    expect(spanOf('bytes=0-', 0)).toBe('unsatisfiable');
  });
});

test('If-None-Match matches one of several tags, a weak tag, or any', () => {
  for (const header of ['"a"', 'W/"a"', '"b", "a"', '*']) expect(matches(header, '"a"'), header).toBe(true);
  for (const header of [undefined, '', 'a', '"b"', '"a']) expect(matches(header, '"a"'), header).toBe(false);
});

describe('pages', () => {
  test.each([
    ['', 'contribute', 'text/html'],
    ['dashboard', 'dashboard', 'text/html'],
  ])('/%s', async (path, content, type) => {
    const response = await get(path);
    expect(await response.text()).toContain(content);
    expect(response.headers.get('content-type')).toContain(type);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const policy = response.headers.get('content-security-policy') ?? '';
    for (const part of [
      "script-src 'self'",
      "connect-src 'self'",
      "worker-src 'self'",
      "frame-ancestors 'none'",
    ]) {
      expect(policy.split('; ')).toContain(part);
    }
    expect(policy).not.toContain('unsafe');
  });

  test('a worker’s script may connect to the relay only', async () => {
    const response = await get('assets/worker-a1.js');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; connect-src 'self'; script-src 'self'",
    );
    expect(response.headers.get('content-type')).toContain('text/javascript');
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect((await get('assets/look-a1.css')).headers.get('content-type')).toContain('text/css');
  });

  test('every response has the security headers', async () => {
    for (const path of [
      '',
      'assets/worker-a1.js',
      'manifest',
      'nothing',
      blob,
      'healthz',
      'metrics',
      'journal',
    ]) {
      const { headers } = await get(path);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('cross-origin-opener-policy'), path).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy'), path).toBe('require-corp');
      expect(headers.get('content-security-policy'), path).toContain("default-src '");
      expect(headers.get('access-control-allow-origin'), path).toBeNull();
    }
  });

  test('no path leaves their folder', async () => {
    const ways = ['/../secret.html', '/assets/../../secret.html', '/%2e%2e/secret.html', '/..%2fsecret.html'];
    for (const way of [
      ...ways,
      '//secret.html',
      '/..\\secret.html',
      '/assets/%00',
      '/%ff',
      '/run/relay.key',
    ]) {
      const answer = await getAsWritten(way);
      expect(answer, way).not.toContain('secret');
      expect(answer, way).toMatch(/^HTTP\/1\.1 40[04] /);
    }
  });

  test('other methods, origins and names are refused', async () => {
    expect((await get('api/status', {}, 'POST')).status).toBe(404);
    expect((await get('api/status', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await get('api/status', { origin: relay.url.origin })).status).toBe(200);
  });
});

describe('what the relay says of itself', () => {
  test('status', async () => {
    const response = await get('api/status');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    const status = v.parse(statusSnapshotSchema, await response.json());
    expect(status.run).toMatchObject({
      id: relay.runId,
      parameters,
      corpora: ['North', 'South'],
      rounds: 3,
    });
    expect(status.base).toMatchObject({ round: 0, bytes: 4 * parameters });
    const plain = await getAsWritten('/api/status');
    expect(v.parse(statusSnapshotSchema, JSON.parse(plain.slice(plain.indexOf('{'))))).toEqual(status);
    const history = v.parse(statusHistorySchema, await (await get('api/history?after=0')).json());
    expect(history).toEqual({ run: relay.runId, history: [] });
    for (const after of ['x', '-1', '1.5', ''])
      expect((await get(`api/history?after=${after}`)).status, after).toBe(400);
  });

  test('events: one at once, then one for each change, and a reader that leaves frees its place', async () => {
    const abort = new AbortController();
    const response = await fetch(new URL('api/events', relay.url), { signal: abort.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const next = async () => {
      let read = '';
      while (!read.includes('\n\n')) read += (await reader?.read())?.value ?? '\n\n';
      return v.parse(statusChangeSchema, JSON.parse(read.replace(/^data: /, '')));
    };
    const first = await next();
    expect(first).toEqual({ sequence: expect.any(Number) });
    const node = await ScriptedNode.join(relay.url);
    let change = await next();
    expect(change.sequence).toBe(first.sequence + 1);
    while (change.joined === undefined) change = await next();
    expect(change.joined).toMatchObject([{ host: 'node', corpus: 'North', state: 'waiting' }]);
    relay.announceSample({ round: 0, prompt: 'All human', text: ' beings' });
    while (change.sample === undefined) change = await next();
    expect(change.sample).toEqual({ round: 0, prompt: 'All human', text: ' beings' });
    node.vanish();
    const second = await get('api/events');
    expect((await get('api/events')).status).toBe(503);
    abort.abort();
    await second.body?.cancel();
    let freed = await get('api/events');
    while (freed.status === 503) freed = await get('api/events');
    await freed.body?.cancel();
  });

  test('the journal as lines, from any entry on', async () => {
    // A refusal is an entry.
    const node = await ScriptedNode.connect(relay.url);
    node.sendHeartbeat(1);
    expect(await node.refusal()).toBe('UNEXPECTED');
    await expect.poll(async () => (await get('journal?after=1')).text()).not.toBe('');
    const response = await get('journal');
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    const sequences = lines.map((line) => JSON.parse(line).sequence);
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    expect(sequences.length).toBeGreaterThanOrEqual(2);
    expect(await (await get('journal?after=1')).text()).toContain(lines[1]);
    expect(await (await get('journal?after=1')).text()).not.toContain(lines[0]);
    expect(await (await get('journal?after=999999')).text()).toBe('');
    for (const after of ['-1', 'x', '1.5', '', '9'.repeat(20)]) {
      expect((await get(`journal?after=${after}`)).status, after).toBe(400);
    }
  });

  test('health and metrics', async () => {
    const health = await get('healthz');
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok', round: 1, phase: 'waiting' }]);
    const response = await get('metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const metrics = await response.text();
    for (const name of [
      'rounds_total',
      'nodes',
      'connections',
      'contributions_total',
      'refusals_total',
      'wire_bytes_total',
    ]) {
      expect(metrics).toContain(`# TYPE tapestry_${name} `);
    }
    expect(metrics).toMatch(/process_resident_memory_bytes \d{7,}/);
  });
});
