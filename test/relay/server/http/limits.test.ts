import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { httpServer, listen } from '../../../../relay/server/http/http-server.ts';
import { defaultLimits } from '../../../../relay/server/limits.ts';
import type { Relay } from '../../../../relay/server/server.ts';
import { socketPath, subprotocol } from '../../../../relay/wire/frames.ts';
import { TestClock } from '../../../support/relay/run-support.ts';
import { get, start, until } from '../../../support/relay/stage.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** A TCP connection to the relay, with a promise that resolves when the relay closes it. */
function dial(relay: Relay): { socket: Socket; closed: Promise<void> } {
  const socket = connect(Number(relay.url.port), relay.url.hostname);
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve())) };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function ask(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
}

test('an address may open a limited number of sockets, and closing one frees its place', async () => {
  const relay = await start({}, { socketsPerAddress: 3 });
  const held = [dial(relay), dial(relay), dial(relay)];
  for (const { socket } of held) socket.resume();
  await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
  const refused = dial(relay);
  refused.socket.resume();
  await refused.closed;
  held[0]?.socket.destroy();
  await until(async () => (await get(relay, 'healthz').catch(() => null))?.status === 200);
});

test('an unfinished TLS handshake is cut off, and an address may have a limited number of them', async () => {
  const relay = await start({ tls: 'auto' }, { handshake: 300, handshakesPerAddress: 1 });
  const slow = dial(relay);
  slow.socket.resume();
  await new Promise((resolve) => slow.socket.once('connect', resolve));
  const second = dial(relay);
  second.socket.resume();
  await second.closed;
  await slow.closed;
});

test('a connection that pipelines requests without reading is closed', async () => {
  const relay = await start({}, { requestsAtOnce: 4 });
  const { socket, closed } = dial(relay);
  socket.write(ask('/api/status').repeat(400));
  const read = text(socket).catch(() => '');
  await closed;
  expect((await read).split('HTTP/1.1 200').length - 1).toBeLessThanOrEqual(4);
  expect((await get(relay, 'healthz')).status).toBe(200);
});

test('a response is cut off if the client takes no byte of it for too long', async () => {
  const server = httpServer(null, { ...defaultLimits, stall: 300 });
  await listen(server, { host: '127.0.0.1', port: 0, backlog: 1 }, quiet);
  onTestFinished(() => void server.close());
  const cutOff = new Promise<boolean>((resolve) => {
    server.on('request', (_, response) => {
      response.on('close', () => resolve(!response.writableFinished));
      response.end(Buffer.alloc(32 << 20));
    });
  });
  const socket = connect(portOf(server), '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.write(ask('/'));
  expect(await cutOff).toBe(true);
});

test('an idle connection is closed', async () => {
  const relay = await start({}, { idle: 100 });
  const { socket, closed } = dial(relay);
  socket.write(ask('/healthz'));
  const read = text(socket);
  await closed;
  expect(await read).toMatch(/^HTTP\/1\.1 200 /);
});

test('requests of an address are limited to a rate', async () => {
  const clock = new TestClock();
  const relay = await start({ clock }, { requestBurst: 3, requestsPerSecond: 1 });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await get(relay, 'api/status')).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  // The relay's own machine checks its health whatever others do.
  for (let i = 0; i < 4; i++) expect((await get(relay, 'healthz')).status).toBe(200);
  expect((await get(relay, 'api/status')).headers.get('retry-after')).toBe('1');
  clock.pass(1000);
  expect((await get(relay, 'api/status')).status).toBe(200);
});

test('upgrades to a WebSocket count against the same rate', async () => {
  const clock = new TestClock();
  const relay = await start({ clock }, { requestBurst: 2, requestsPerSecond: 1 });
  const upgrade = () => {
    const { socket } = dial(relay);
    socket.write(
      `GET ${socketPath} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
        `sec-websocket-version: 13\r\nsec-websocket-key: ${btoa('sixteen letters!')}\r\nsec-websocket-protocol: ${subprotocol}\r\n\r\n`,
    );
    return new Promise<string>((resolve) =>
      socket.once('data', (bytes) => resolve(bytes.toString().slice(9, 12))),
    );
  };
  expect([await upgrade(), await upgrade(), await upgrade()]).toEqual(['101', '101', '429']);
  expect((await get(relay, 'api/status')).status).toBe(429);
  clock.pass(1000);
  expect(await upgrade()).toBe('101');
});

test('event streams, downloads and journals of an address are limited and leave room for other addresses', async () => {
  const relay = await start({}, { eventStreamsPerAddress: 1, downloadsPerAddress: 0, journalsPerAddress: 0 });
  const first = await get(relay, 'api/events');
  expect([first.status, (await get(relay, 'api/events')).status]).toEqual([200, 429]);
  await first.body?.cancel();
  const { hash } = await relay.base();
  expect((await get(relay, `blobs/${hash}`)).status).toBe(429);
  expect((await get(relay, 'journal')).status).toBe(429);
});

test('a listening server survives running out of file descriptors', async () => {
  const logged: string[] = [];
  const log = { info: () => {}, warn: () => {}, error: (_: object, message: string) => logged.push(message) };
  const server = httpServer(null, defaultLimits);
  await listen(server, { host: '127.0.0.1', port: 0, backlog: 1 }, log);
  onTestFinished(() => void server.close());
  for (let i = 0; i < 2; i++)
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect(logged).toHaveLength(2);
  const taken = createServer();
  await expect(
    listen(taken, { host: '127.0.0.1', port: portOf(server), backlog: 1 }, log),
  ).rejects.toMatchObject({
    code: 'relay.port-in-use',
  });
});
