import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Budget } from '../../../relay/server/budget/budget.ts';
import { MessageMeter } from '../../../relay/server/budget/message-meter.ts';
import { Connection, type ConnectionHandler } from '../../../relay/server/connection.ts';
import { defaultLimits, type RelayLimits } from '../../../relay/server/limits.ts';
import { Metrics } from '../../../relay/server/metrics.ts';
import { WebSocketTransport } from '../../../relay/server/transport/web-socket.ts';
import { encodeToRelay, type MessageToRelay } from '../../../relay/wire/frames.ts';
import { RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { TestClock } from '../../support/relay/run-support.ts';
import { until } from '../../support/relay/stage.ts';

let server: Server;
let client: WebSocket;

beforeEach(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  client.terminate();
  server.close();
});

class Recorder implements ConnectionHandler {
  readonly messages: MessageToRelay[] = [];
  readonly refusals: RefusalCode[] = [];
  connection: Connection | null = null;
  /** Handling waits for this. */
  gate: Promise<void> = Promise.resolve();
  readonly #gone = Promise.withResolvers<void>();

  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  async received(message: MessageToRelay): Promise<void> {
    await this.gate;
    this.messages.push(message);
  }

  /** Answers as a session does: it sends its refusals. */
  refused(code: RefusalCode): void {
    this.refusals.push(code);
    this.connection?.send({ case: 'refusal', value: { code, round: 1 } });
  }

  closed(): void {
    this.#gone.resolve();
  }
}

async function open(limits: Partial<RelayLimits> = {}) {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const handler = new Recorder();
  const metrics = new Metrics();
  const made = new Promise<{ connection: Connection; stream: Duplex }>((resolve) => {
    server.once('upgrade', (request, stream, head) => {
      sockets.handleUpgrade(request, stream, head, (socket) => {
        const parts = { limits: { ...defaultLimits, ...limits }, metrics, clock: new TestClock() };
        const budget = new Budget(parts.limits, metrics, parts.clock);
        const meter = new MessageMeter(budget, 'a', parts.limits.freeFrame);
        const connection = new Connection(new WebSocketTransport(socket, stream), meter, parts);
        handler.connection = connection;
        connection.listen(handler);
        resolve({ connection, stream });
      });
    });
  });
  const address = server.address();
  client = new WebSocket(`ws://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`);
  client.on('error', () => {});
  await new Promise((resolve) => client.once('open', resolve));
  return { ...(await made), handler, metrics };
}

const leave = (round: number) => encodeToRelay({ case: 'leave', value: { round } });
const chunk = encodeToRelay({ case: 'chunk', value: { offset: 0, data: new Uint8Array(65_536) } });

describe('Connection', () => {
  test('hands messages over one at a time and in order', async () => {
    const { handler } = await open();
    const gate = Promise.withResolvers<void>();
    handler.gate = gate.promise;
    for (let round = 0; round < 20; round++) client.send(leave(round));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(handler.messages).toEqual([]);
    gate.resolve();
    await until(() => handler.messages.length === 20);
    const rounds = handler.messages.map((message) => message.case === 'leave' && message.value.round);
    expect(rounds).toEqual(Array.from({ length: 20 }, (_, round) => round));
  });

  test('stops reading while the handler is busy, so that messages wait at the sender', async () => {
    const { connection, stream, handler } = await open();
    connection.admit();
    let read = 0;
    stream.on('data', (bytes: Uint8Array) => {
      read += bytes.length;
    });
    const gate = Promise.withResolvers<void>();
    handler.gate = gate.promise;
    for (let i = 0; i < 400; i++) client.send(chunk);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(read).toBeLessThan(1 << 20);
    expect(client.bufferedAmount).toBeGreaterThan(10 << 20);
    gate.resolve();
    await until(() => handler.messages.length === 400);
    expect(connection.bytesUp).toBe(400 * chunk.length);
  });

  test('counts the bytes of frames as the node counts them, without what frames them', async () => {
    const { connection, handler, metrics } = await open();
    connection.admit();
    const frames = [
      leave(1),
      chunk,
      encodeToRelay({ case: 'chunk', value: { offset: 0, data: new Uint8Array(500) } }),
    ];
    for (const frame of frames) client.send(frame);
    await until(() => handler.messages.length === 3);
    const sent = frames.reduce((sum, frame) => sum + frame.length, 0);
    expect(connection.bytesUp).toBe(sent);
    expect(metrics.bytes.up).toBe(sent);
    let heard = 0;
    let messages = 0;
    client.on('message', (data) => {
      messages++;
      if (data instanceof Uint8Array) heard += data.length;
    });
    const before = connection.bytesDown;
    connection.send({ case: 'abandon', value: { round: 1 } });
    connection.send({
      case: 'welcome',
      value: {
        manifest: new Uint8Array(5000),
        signature: new Uint8Array(64),
        round: 1,
        base: new Uint8Array(32),
        heartbeatMs: 1,
        checkpoint: new Uint8Array(),
      },
    });
    await until(() => messages === 2);
    expect(connection.bytesDown - before).toBe(heard);
  });

  test('accepts only a Join before the join', async () => {
    const { handler } = await open();
    client.send(chunk);
    await handler.gone;
    expect(handler.refusals).toEqual([RefusalCode.OUT_OF_LIMIT]);
    expect(handler.messages).toEqual([]);
  });

  test('cuts off a node that stops reading, with one refusal even if that refusal is over the limit', async () => {
    const { connection, handler } = await open({ buffered: 100_000 });
    connection.admit();
    client.pause();
    const manifest = new Uint8Array(60_000);
    const value = {
      manifest,
      signature: new Uint8Array(64),
      round: 1,
      base: new Uint8Array(32),
      heartbeatMs: 1,
      checkpoint: new Uint8Array(),
    };
    for (let i = 0; i < 2000 && !connection.ended; i++) {
      connection.send({ case: 'welcome', value });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(connection.ended).toBe(true);
    expect(handler.refusals).toEqual([RefusalCode.TIMEOUT]);
    await handler.gone;
  });

  test('counts pings too', async () => {
    const { connection, handler } = await open({ addressMessagesPerSecond: 1, addressMessageBurst: 20 });
    connection.admit();
    for (let i = 0; i < 30; i++) client.ping();
    await handler.gone;
    expect(handler.refusals).toEqual([RefusalCode.TOO_MANY]);
  });

  test('hands over and sends nothing after its end', async () => {
    const { connection, handler } = await open();
    connection.close();
    const bytes = connection.bytesDown;
    connection.send({ case: 'abandon', value: { round: 1 } });
    client.send(leave(1));
    await handler.gone;
    expect(connection.bytesDown).toBe(bytes);
    expect(handler.messages).toEqual([]);
  });
});
