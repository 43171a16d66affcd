import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import type { Relay } from '../../../relay/server/server.ts';
import { decodeToNode, maxFrameToRelay, socketPath, subprotocol } from '../../../relay/wire/frames.ts';
import { RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { TestClock } from '../../support/relay/run-support.ts';
import { expectCommit, get, metric, pair, start, until } from '../../support/relay/stage.ts';

interface Opened {
  readonly stream: Duplex;
  /** The answer's Sec-WebSocket-Extensions. */
  readonly extensions: string | undefined;
  /** All bytes that the relay sent, once it has closed the connection. */
  readonly said: Promise<Buffer>;
}

/** A WebSocket whose frames the test writes byte by byte. */
function open(relay: Relay, headers: Record<string, string> = {}): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const upgrade = request(new URL(`.${socketPath}`, relay.url), {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': subprotocol,
        ...headers,
      },
    });
    upgrade.on('error', reject);
    upgrade.on('upgrade', (answer, stream, head) => {
      onTestFinished(() => void stream.destroy());
      const chunks: Uint8Array[] = [head];
      stream.on('data', (bytes: Buffer) => chunks.push(bytes));
      stream.on('error', () => {});
      const said = new Promise<Buffer>((done) => stream.once('close', () => done(Buffer.concat(chunks))));
      resolve({ stream, extensions: answer.headers['sec-websocket-extensions'], said });
    });
    upgrade.end();
  });
}

/** A frame's header (RFC 6455, 5.2) with a mask of zeros, which leaves the payload as it is. */
function header(first: number, length: number | bigint, masked = true): Buffer {
  const bytes = Buffer.alloc(14);
  bytes[0] = first;
  bytes[1] = (masked ? 0x80 : 0) | 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return masked ? bytes : bytes.subarray(0, 10);
}

function short(first: number, length: number): Buffer {
  return Buffer.from([first, 0x80 | length, 0, 0, 0, 0]);
}

/** The status of the Close frame that ends what the relay said; null if there is none. */
function closeStatus(said: Buffer): number | null {
  const at = said.length - 4;
  return at >= 0 && said[at] === 0x88 && said[at + 1] === 2 ? said.readUInt16BE(at + 2) : null;
}

/** The codes of the refusals among the relay's frames. */
function refusals(said: Buffer): string[] {
  const codes: string[] = [];
  for (let at = 0; at + 2 <= said.length; ) {
    const short = (said[at + 1] ?? 0) & 0x7f;
    const from = at + (short === 126 ? 4 : 2);
    const end = from + (short === 126 ? said.readUInt16BE(at + 2) : short);
    if (said[at] === 0x82) {
      const message = decodeToNode(said.subarray(from, end));
      if (message.case === 'refusal') codes.push(RefusalCode[message.value.code]);
    }
    at = end;
  }
  return codes;
}

const binary = 0x82;
const damaged: readonly (readonly [string, Buffer, number])[] = [
  ['a compressed frame', Buffer.concat([short(0xc2, 4), Buffer.alloc(4)]), 1002],
  ['a frame with a reserved bit', Buffer.concat([short(0xa2, 4), Buffer.alloc(4)]), 1002],
  ['a frame with a reserved opcode', short(0x83, 0), 1002],
  ['a frame that is not masked', Buffer.concat([header(binary, 4, false), Buffer.alloc(4)]), 1002],
  ['a frame announced longer than any message', header(binary, maxFrameToRelay + 1), 1009],
  ['a frame announced with a gigabyte', header(binary, 2 ** 30), 1009],
  ['a frame announced with 2^62 bytes', header(binary, 2n ** 62n), 1009],
  ['a continuation of nothing', short(0x80, 0), 1002],
  ['a ping longer than pings may be', header(0x89, 200), 1002],
  ['a ping in fragments', short(0x09, 0), 1002],
  ['a new message inside another', Buffer.concat([short(0x02, 0), short(0x02, 0)]), 1002],
  ['a close with half a status', Buffer.concat([short(0x88, 1), Buffer.alloc(1)]), 1002],
];

test('damaged and giant frames close their connection by the codes of RFC 6455, and the round goes on', async () => {
  const relay = await start();
  const { first, second, opened } = await pair(relay);
  for (const [what, bytes, status] of damaged) {
    const { stream, said } = await open(relay);
    stream.write(bytes);
    expect(closeStatus(await said), what).toBe(status);
  }
  expect(await metric(relay, 'tapestry_refusals_total{code="out-of-limit"}')).toBe(3);
  expect(await metric(relay, 'tapestry_refusals_total{code="malformed"}')).toBe(damaged.length - 3);
  await expectCommit(first, second, opened);
});

test('compression is never agreed on', async () => {
  const relay = await start();
  const { extensions, stream } = await open(relay, {
    'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
  });
  expect(extensions).toBeUndefined();
  stream.destroy();
});

test('a frame that comes only in part ends with the time for joining, however its bytes trickle', async () => {
  const clock = new TestClock();
  const relay = await start({ clock }, { join: 1_000 });
  const { stream, said } = await open(relay);
  stream.write(header(binary, 200));
  for (let i = 0; i < 4; i++) {
    clock.pass(300);
    stream.write(Buffer.alloc(1));
    expect((await get(relay, 'healthz')).status).toBe(200);
  }
  await until(async () => (await metric(relay, 'tapestry_connections')) === 0);
  expect(refusals(await said)).toEqual(['TIMEOUT']);
});

test('fragments of no bytes are counted, so a message cannot last without end', async () => {
  const relay = await start();
  const { stream, said } = await open(relay);
  stream.write(short(0x02, 0));
  for (let i = 0; i < 100; i++) stream.write(short(0x00, 0));
  expect(closeStatus(await said)).toBe(1008);
});
