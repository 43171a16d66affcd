import { once } from 'node:events';
import { Agent, request as requestTls } from 'node:https';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import type { RelayLimits } from '../../../../relay/server/limits.ts';
import type { Relay, RelayOptions } from '../../../../relay/server/server.ts';
import { socketPath, subprotocol } from '../../../../relay/wire/frames.ts';
import { ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { start } from '../../../support/relay/stage.ts';

/** Says by whom and in which language it was asked for. */
const plainPages: NonNullable<RelayOptions['plainPages']> = (fingerprint) => (acceptLanguage) => ({
  html: Buffer.from(`<p>${fingerprint} ${acceptLanguage ?? 'none'}</p>`),
  language: 'en',
  policy: "default-src 'none'",
});

function secure(
  options: Partial<Omit<RelayOptions, 'limits'>> = {},
  limits: Partial<RelayLimits> = {},
): Promise<Relay> {
  return start({ tls: 'auto', plainPages, ...options }, limits);
}

function dial(relay: Relay): Socket {
  const socket = connect(Number(relay.url.port), '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Waits for the end of a connection, also for a reset: `once` would reject then. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

/** What the relay answers to these pieces, each a packet of its own, until it closes the connection. */
async function answer(relay: Relay, ...pieces: (string | Uint8Array)[]): Promise<string> {
  const socket = dial(relay).setNoDelay();
  const read = text(socket).catch(() => '');
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return read;
}

const ask = (relay: Relay, start: string, ...headers: string[]) =>
  [`${start} HTTP/1.1`, `host: ${relay.url.host}`, ...headers, '', ''].join('\r\n');
const statusOf = (answered: string) => answered.split('\r\n', 1)[0];
const bodyOf = (answered: string) => answered.slice(answered.indexOf('\r\n\r\n') + 4);

test('plain HTTP gets the page at every path, and nothing of the relay', async () => {
  const relay = await secure();
  const page = `<p>${relay.fingerprint} none</p>`;
  for (const path of ['/', '/dashboard?a=b', '/api/status', '/journal', '/healthz', '//evil.example/']) {
    const answered = await answer(relay, ask(relay, `GET ${path}`));
    expect(statusOf(answered), path).toBe('HTTP/1.1 200 OK');
    expect(bodyOf(answered), path).toBe(page);
    for (const header of [
      'connection: close',
      'cache-control: no-store',
      "content-security-policy: default-src 'none'",
    ])
      expect(answered.toLowerCase(), path).toContain(header);
  }
  const head = await answer(relay, ask(relay, 'HEAD /'));
  expect(head).toContain(`content-length: ${page.length}`);
  expect(bodyOf(head)).toBe('');
  expect(bodyOf(await answer(relay, ask(relay, 'GET /', 'accept-language: pt-BR')))).toContain('pt-BR');
});

test('a request in packets of one byte is read, and so is a TLS handshake', async () => {
  const relay = await secure();
  const answered = await answer(relay, ...ask(relay, 'GET /'));
  expect(statusOf(answered)).toBe('HTTP/1.1 200 OK');

  const raw = dial(relay).setNoDelay();
  const split = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      for (const byte of bytes) raw.write(Buffer.of(byte));
      done();
    },
  });
  raw.on('data', (bytes: Buffer) => split.push(bytes)).on('close', () => split.push(null));
  const tls = connectTls({ socket: split, rejectUnauthorized: false });
  onTestFinished(() => void tls.destroy());
  await once(tls, 'secureConnect');
  expect(tls.getPeerX509Certificate()?.fingerprint256).toBe(relay.fingerprint);
  tls.write(ask(relay, 'GET /healthz', 'connection: close'));
  expect(statusOf(await text(tls))).toBe('HTTP/1.1 200 OK');
});

test('over TLS the port serves kept-alive requests and WebSockets as before', async () => {
  const relay = await secure();
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  onTestFinished(() => agent.destroy());
  const ports = new Set<number | undefined>();
  for (let count = 0; count < 3; count++) {
    const [response] = await once(requestTls(new URL('healthz', relay.url), { agent }).end(), 'response');
    expect(response.statusCode).toBe(200);
    ports.add(response.socket.localPort);
    await once(response.resume(), 'end');
  }
  expect(ports.size).toBe(1);
  await ScriptedNode.join(relay.url, { socket: { rejectUnauthorized: false } });
  expect(relay.status().nodes).toHaveLength(1);
});

test.each([
  ['another method', 'POST /', []],
  ['a body', 'GET /', ['content-length: 5']],
  ['a body of unknown length', 'GET /', ['transfer-encoding: chunked']],
  [
    'a WebSocket',
    `GET ${socketPath}`,
    [
      ...['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'],
      ...[
        `sec-websocket-key: ${Buffer.alloc(16).toString('base64')}`,
        `sec-websocket-protocol: ${subprotocol}`,
      ],
    ],
  ],
  ['a tunnel', 'CONNECT evil.example:443', []],
])('%s is refused by plain HTTP', async (_, line, headers) => {
  const relay = await secure();
  const answered = await answer(relay, ask(relay, line, ...headers));
  expect(answered === '' ? 'closed' : statusOf(answered)).toMatch(/^(?:closed|HTTP\/1\.1 400 Bad Request)$/);
});

test.each([
  ['garbage', Buffer.from(Array.from({ length: 64 }, (_, index) => (index * 37 + 128) % 256))],
  ['zeros', Buffer.alloc(4096)],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['no host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two lengths', 'GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'],
  ['a header that never ends', `GET / HTTP/1.1\r\nhost: a\r\na: ${'a'.repeat(64 * 1024)}`],
  ['a TLS record of nonsense', Buffer.concat([Buffer.of(0x16), Buffer.alloc(512, 0xff)])],
])('%s is refused, and the relay goes on', async (_, bytes) => {
  const relay = await secure();
  expect(await answer(relay, bytes)).not.toContain('200 OK');
  expect(statusOf(await answer(relay, ask(relay, 'GET /')))).toBe('HTTP/1.1 200 OK');
});

test('a forged host is refused, and never reflected', async () => {
  const relay = await secure();
  const forged = await answer(relay, 'GET / HTTP/1.1\r\nhost: evil.example"><script>\r\n\r\n');
  expect(statusOf(forged)).toBe('HTTP/1.1 400 Bad Request');
  const other = await answer(relay, 'GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n');
  expect(statusOf(other)).toBe('HTTP/1.1 400 Bad Request');
  expect(other).toContain('content-type: text/plain');
  const open = await secure({ host: '0.0.0.0', token: 'a' });
  const [one, two] = await Promise.all(
    ['evil.example', open.url.host].map((host) => answer(open, `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`)),
  );
  expect(bodyOf(one ?? '')).toBe(bodyOf(two ?? ''));
});

test('a connection carries one request', async () => {
  const relay = await secure();
  const answered = await answer(relay, ask(relay, 'GET /').repeat(50));
  expect(answered.split('200 OK').length - 1).toBe(1);
});

test('who sends no byte, or one now and then, or does not read, is cut off', async () => {
  const large: NonNullable<RelayOptions['plainPages']> = () => () => ({
    html: Buffer.alloc(32 << 20),
    language: 'en',
    policy: '',
  });
  const relay = await secure({ plainPages: large }, { handshake: 300, headers: 300 });
  const unread = dial(relay);
  unread.write(ask(relay, 'GET /'));
  await once(unread, 'readable');
  const silent = dial(relay).resume();
  const dripping = dial(relay).resume();
  const drip = setInterval(() => dripping.write('a'), 20);
  onTestFinished(() => clearInterval(drip));
  dripping.write('GET / HTTP/1.1\r\na: ');
  await Promise.all([closed(silent), closed(dripping)]);
  // Its time began before that of the others.
  expect((await text(unread).catch(() => '')).length).toBeLessThan(32 << 20);
});

test('connections that speak plain HTTP count against the limits of all', async () => {
  const relay = await secure({}, { handshakesPerAddress: 1, requestBurst: 2, requestsPerSecond: 0.001 });
  const first = dial(relay);
  first.write('GET / HTTP/1.1\r\n');
  await once(first, 'connect');
  const second = dial(relay).resume();
  await closed(second);
  first.destroy();
  const statuses = [];
  while (statuses.length < 3) {
    const answered = await answer(relay, ask(relay, 'GET /'));
    // The place of the connection before is free once the relay has seen it close.
    if (answered !== '') statuses.push(statusOf(answered));
  }
  expect(statuses).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 429 Too Many Requests']);
});

test('links begin at the http address only where it answers and no other address was given', async () => {
  const relay = await secure();
  expect(relay.entryUrl.href).toBe(`http://${relay.url.host}/`);
  expect(relay.publicUrl.protocol).toBe('https:');
  expect(relay.status().plainEntry).toBe(true);
  const publicUrl = new URL('https://relay.example/');
  const proxied = await secure({ publicUrl, token: 'a' });
  const pageless = await start({ tls: 'auto' });
  const plain = await start({ plainPages });
  for (const other of [proxied, pageless, plain]) {
    expect(other.entryUrl).toEqual(other.publicUrl);
    expect(other.status()).not.toHaveProperty('plainEntry');
  }
  expect(await answer(pageless, ask(pageless, 'GET /'))).not.toContain('HTTP/1.1 200');
});
