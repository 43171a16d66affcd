import { once } from 'node:events';
import { createServer, connect as openSocket, type Socket } from 'node:net';
import { freePort } from '../support/free-port.ts';

/** Everything a node sent over one TCP connection: all bytes, and the parsed requests and frames. */
export interface Recording {
  readonly bytes: () => Buffer;
  /** Bytes of each HTTP request's head, the WebSocket's upgrade among them. */
  readonly requests: readonly number[];
  /** WebSocket messages, unmasked. */
  readonly messages: readonly Buffer[];
  /** Payloads of close, ping and pong frames, unmasked. */
  readonly control: readonly Buffer[];
}

export interface RecordingProxy {
  readonly url: URL;
  /** One record for each TCP connection, in the order of opening. */
  readonly recordings: readonly Recording[];
  close(): Promise<void>;
}

const endOfHead = Buffer.from('\r\n\r\n');

/** A TCP proxy in front of `target` that records everything the node sends to the relay. */
export async function startRecordingProxy(target: URL): Promise<RecordingProxy> {
  const recordings: Recording[] = [];
  const open = new Set<Socket>();
  const server = createServer((node) => {
    const relay = openSocket(Number(target.port), target.hostname);
    const recorder = record();
    recordings.push(recorder.recording);
    for (const socket of [node, relay]) {
      open.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    }
    node.on('data', recorder.take);
    node.pipe(relay).pipe(node);
  });
  // Requests name the port; all ports have five digits, so the requests of all runs have the same length.
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    recordings,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** After the head of the upgrade request, the bytes are WebSocket frames. */
function record(): { recording: Recording; take: (chunk: Buffer) => void } {
  const chunks: Buffer[] = [];
  const requests: number[] = [];
  const messages: Buffer[] = [];
  const control: Buffer[] = [];
  let upgraded = false;
  let rest: Buffer = Buffer.alloc(0);
  let fragments: Buffer[] = [];
  const takeFrame = ({ opcode, isLast, payload }: Frame) => {
    if (opcode >= firstControlOpcode) {
      control.push(payload);
      return;
    }
    fragments.push(payload);
    if (!isLast) return;
    messages.push(Buffer.concat(fragments));
    fragments = [];
  };
  const take = (chunk: Buffer) => {
    chunks.push(Buffer.from(chunk));
    rest = Buffer.concat([rest, chunk]);
    while (!upgraded) {
      const end = rest.indexOf(endOfHead);
      if (end < 0) return;
      requests.push(end);
      upgraded = /^upgrade: *websocket/im.test(rest.toString('latin1', 0, end));
      rest = rest.subarray(end + endOfHead.length);
    }
    for (let frame = frameAt(rest); frame !== null; frame = frameAt(rest)) {
      rest = rest.subarray(frame.bytes);
      takeFrame(frame);
    }
  };
  return { recording: { bytes: () => Buffer.concat(chunks), requests, messages, control }, take };
}

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Buffer;
  /** The length of the whole frame. */
  readonly bytes: number;
}

/** Whether it is a close, ping or pong frame. */
const firstControlOpcode = 8;

/** The WebSocket frame (RFC 6455, 5.2) at the start of `bytes`, unmasked; null while it is incomplete. */
function frameAt(bytes: Buffer): Frame | null {
  const [first = 0, second = 0] = bytes;
  const short = second & 127;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskBytes = second & 128 ? 4 : 0;
  const from = 2 + lengthBytes + maskBytes;
  if (bytes.length < from) return null;
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < from + length) return null;
  const payload = Buffer.from(bytes.subarray(from, from + length));
  for (let i = 0; i < length && maskBytes > 0; i++) {
    payload[i] = (payload[i] ?? 0) ^ (bytes[from - maskBytes + (i % 4)] ?? 0);
  }
  return { opcode: first & 15, isLast: (first & 128) !== 0, payload, bytes: from + length };
}
