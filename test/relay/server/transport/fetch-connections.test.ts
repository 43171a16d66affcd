import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { FrameReader, framed } from '../../../../client/formats/framed.ts';
import type { Relay } from '../../../../relay/server/server.ts';
import {
  decodeToNode,
  encodeToRelay,
  frameHeaders,
  framesPath,
  type MessageToNode,
  maxFrameToRelay,
  subprotocol,
} from '../../../../relay/wire/frames.ts';
import { ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { expectCommit, expectCounted, metric, pair, start, until } from '../../../support/relay/stage.ts';

const version = { [frameHeaders.protocol]: subprotocol };
const heartbeat = encodeToRelay({
  case: 'heartbeat',
  value: {
    round: 1,
    state: 1,
    steps: 1,
    tokens: 32,
    trainingLoss: 3,
    tokensPerSecond: 1,
    bytesDownloaded: 0n,
  },
});

/** A connection whose requests the test writes byte by byte. */
async function open(relay: Relay) {
  const address = new URL(`.${framesPath}`, relay.url);
  const closing = new AbortController();
  onTestFinished(() => closing.abort());
  const response = await fetch(address, { headers: version, signal: closing.signal });
  const name = response.headers.get(frameHeaders.connection) ?? '';
  const { body } = response;
  const post = async (bytes: Uint8Array, after: number, headers: Record<string, string> = {}) => {
    const url = new URL(`?after=${after}`, address);
    const answer = await fetch(url, {
      method: 'POST',
      headers: { [frameHeaders.connection]: name, ...headers },
      body: new Uint8Array(bytes),
    });
    await answer.text();
    return answer.status;
  };
  /** The kinds of all messages, once the relay has ended the connection. */
  const said = async () => {
    const reader = new FrameReader(2 ** 17);
    const kinds: MessageToNode['case'][] = [];
    for await (const piece of body ?? [])
      for (const frame of reader.read(piece)) kinds.push(decodeToNode(frame).case);
    return kinds;
  };
  return { address, name, post, said, response, vanish: () => closing.abort() };
}

test('a connection needs a version of the protocol, and no page of another origin opens one', async () => {
  const relay = await start();
  const address = new URL(`.${framesPath}`, relay.url);
  const status = async (init: RequestInit) => {
    const response = await fetch(address, init);
    await response.body?.cancel();
    return response.status;
  };
  expect(await status({})).toBe(400);
  expect(await status({ headers: { [frameHeaders.protocol]: 'chat' } })).toBe(400);
  expect(await status({ headers: { ...version, origin: 'http://evil.example' } })).toBe(403);
  expect(await status({ method: 'PUT', headers: version })).toBe(405);
  expect(await status({ method: 'POST', body: framed(heartbeat) })).toBe(410);
  expect(await metric(relay, 'tapestry_connections')).toBe(0);
  const { name, response } = await open(relay);
  // The name is a secret that admits frames, so no proxy may keep it.
  expect(name).toMatch(/^[\da-f]{64}$/);
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  expect(response.headers.get('cache-control')).toContain('no-store');
});

test('frames that come twice or too early are not handled, and the connection goes on', async () => {
  const relay = await start({}, { refusals: 1000 });
  const { first, second, opened } = await pair(relay);
  const third = await ScriptedNode.connect(relay.url, { transport: 'fetch' });
  const { post, said } = await open(relay);
  const early = framed(encodeToRelay({ case: 'leave', value: { round: 1 } }));
  expect(await post(early, 1)).toBe(409);
  expect(await post(early, -1)).toBe(400);
  expect(await metric(relay, 'tapestry_refusals_total{code="unexpected"}')).toBe(0);
  // The frame is handled once, at its place; it is no Join, so it ends the connection.
  expect(await post(early, 0)).toBe(410);
  expect(await said()).toEqual(['challenge', 'refusal', 'goodbye']);
  expect(await post(early, 0)).toBe(410);
  await expectCounted(relay, 'UNEXPECTED');
  await third.sendJoin();
  await third.next('welcome');
  await expectCommit(first, second, opened);
});

test('a request that ends within a frame, or is cut off there, ends the connection and counts no message', async () => {
  const relay = await start();
  const cut = framed(heartbeat).subarray(0, 20);
  const short = await open(relay);
  expect(await short.post(cut, 0)).toBe(410);
  expect(await short.said()).toEqual(['challenge']);
  await expectCounted(relay, 'MALFORMED');

  const broken = await open(relay);
  const upload = request(new URL('?after=0', broken.address), {
    method: 'POST',
    headers: { [frameHeaders.connection]: broken.name, 'content-length': '100' },
  });
  upload.on('error', () => {});
  await new Promise<unknown>((resolve) => upload.write(cut, resolve));
  upload.destroy();
  await expect(broken.said()).rejects.toThrow();
  await until(async () => (await metric(relay, 'tapestry_connections')) === 0);
});

test('before the join a connection takes the bytes of a Join only, and requests without frames are counted', async () => {
  const relay = await start({}, { addressMessageBurst: 20, addressMessagesPerSecond: 1 });
  const loud = await open(relay);
  expect(await loud.post(framed(new Uint8Array(5_000)), 0)).toBe(410);
  expect(await loud.said()).toEqual(['challenge', 'refusal', 'goodbye']);
  const giant = await open(relay);
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, maxFrameToRelay + 1, true);
  expect(await giant.post(header, 0)).toBe(410);
  await expectCounted(relay, 'OUT_OF_LIMIT', 2);
  const empty = await open(relay);
  const statuses: number[] = [];
  for (let i = 0; i < 21; i++) statuses.push(await empty.post(new Uint8Array(), 0));
  expect(statuses).toEqual([...Array(20).fill(204), 410]);
  await expectCounted(relay, 'TOO_MANY');
});

test('a node that vanishes leaves at once', async () => {
  const relay = await start();
  const node = await ScriptedNode.join(relay.url, { transport: 'fetch' });
  await until(() => relay.status().nodes.length === 1);
  node.vanish();
  await until(() => relay.status().nodes.length === 0);
  expect(await metric(relay, 'tapestry_connections')).toBe(0);
});
