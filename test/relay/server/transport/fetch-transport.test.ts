import { createServer, get, type IncomingMessage, request, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { framed } from '../../../../client/formats/framed.ts';
import { FetchTransport } from '../../../../relay/server/transport/fetch-transport.ts';
import { until } from '../../../support/relay/stage.ts';

let server: Server;
let url: string;
let transport: FetchTransport;
let statuses: number[];
let down: IncomingMessage;

/** A transport over a real connection; its listener pauses it at each frame while `slow`. */
async function open(slow: boolean) {
  const heard = { read: 0, frames: 0, closed: false, slow };
  const made = new Promise<IncomingMessage>((resolve) => get(url, resolve));
  down = await made;
  down.on('error', () => {});
  transport.listen({
    read: (bytes) => {
      heard.read += bytes;
    },
    arrived: () => {
      heard.frames++;
      if (heard.slow) transport.pause();
    },
    signalled: () => {},
    broke: () => {},
    closed: () => {
      heard.closed = true;
    },
  });
  return heard;
}

beforeEach(async () => {
  statuses = [];
  server = createServer(async (incoming, response) => {
    if (incoming.method === 'POST') statuses.push(await transport.upload(incoming, 0));
    else {
      response.writeHead(200).flushHeaders();
      transport = new FetchTransport(response);
      return;
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends a request of so many frames; resolves when it is answered. */
function post(frames: number): { done: Promise<unknown>; sent: () => number } {
  const upload = request(url, { method: 'POST' });
  const done = new Promise((resolve) => upload.on('response', resolve).on('error', resolve));
  const frame = framed(new Uint8Array(65_000));
  for (let i = 0; i < frames; i++) upload.write(frame);
  upload.end();
  return { done, sent: () => upload.socket?.bytesWritten ?? 0 };
}

test('reads nothing while it is paused, so that an upload waits at its sender', async () => {
  const heard = await open(true);
  const { done, sent } = post(400);
  await until(() => heard.frames === 1 && sent() > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(heard.frames).toBe(1);
  expect(heard.read).toBeLessThan(200_000);
  transport.resume();
  await until(() => heard.frames === 2);
  expect(statuses).toEqual([]);
  heard.slow = false;
  transport.resume();
  await done;
  expect(heard.frames).toBe(400);
  expect(statuses).toEqual([204]);
  expect(heard.read).toBe(400 * 65_004);
});

test('an upload that is paused ends with its connection', async () => {
  const heard = await open(true);
  const { done } = post(40);
  await until(() => heard.frames === 1);
  transport.close();
  await done;
  expect(statuses).toEqual([410]);
  expect(heard.frames).toBe(1);
  down.resume();
  await until(() => heard.closed);
});

test('tells what a node that does not read leaves unread, and cuts it off', async () => {
  const heard = await open(false);
  down.pause();
  for (let i = 0; i < 4_000 && transport.buffered < 1 << 20; i++) {
    transport.send(new Uint8Array(60_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(transport.buffered).toBeGreaterThanOrEqual(1 << 20);
  const cut = new Promise((resolve) => down.once('close', resolve));
  transport.terminate();
  down.resume();
  await cut;
  expect(down.complete).toBe(false);
  await until(() => heard.closed);
});
