import { connect, type Socket } from 'node:net';
import { socketPath, subprotocol } from '../../relay/wire/frames.ts';

/** Any mask serves where no cache of others is between. Its bytes are not zero, so that the relay has to unmask. */
const mask = Buffer.of(0x5a, 0xc3, 0x3c, 0xa5);

/** What a relay sends. */
export interface FrameListener {
  frame(bytes: Uint8Array): void;
  closed(): void;
}

/** A WebSocket frame of a client around a whole message (RFC 6455, 5.2). */
export function maskedFrame(payload: Uint8Array): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + extended + 4 + length);
  frame[0] = 0x82;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  const start = 2 + extended + 4;
  mask.copy(frame, start - 4);
  for (let i = 0; i < length; i++) frame[start + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return frame;
}

/**
 * A WebSocket of a load's node: no more than the relay's own frames need, so that a thousand of them leave the processor to the
 * relay. Frames are made by the caller, once for all nodes that send the same bytes.
 */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #listener: FrameListener;
  #held: Buffer = Buffer.alloc(0);
  #isOpen = false;

  constructor(relay: URL, localAddress: string, listener: FrameListener) {
    this.#listener = listener;
    const { hostname, port, pathname, host } = new URL(`.${socketPath}`, relay);
    this.#socket = connect({ host: hostname, port: Number(port), localAddress });
    this.#socket.write(
      [
        `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket`,
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==`,
        `Sec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
      ].join('\r\n'),
    );
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => listener.closed());
  }

  /** Writes frames; calls `written` once the system has taken them all. */
  write(frames: readonly Buffer[], written?: () => void): void {
    this.#socket.cork();
    for (const [i, frame] of frames.entries())
      this.#socket.write(frame, i === frames.length - 1 ? () => written?.() : undefined);
    this.#socket.uncork();
  }

  end(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    let held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (!this.#isOpen) {
      const end = held.indexOf('\r\n\r\n');
      if (end >= 0) {
        this.#isOpen = held.toString('latin1', 0, 12) === 'HTTP/1.1 101';
        if (!this.#isOpen) this.end();
        held = held.subarray(end + 4);
      }
    }
    while (this.#isOpen && held.length >= 2) {
      const short = (held[1] ?? 0) & 127;
      const start = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (held.length < start) break;
      const length =
        short === 126 ? held.readUInt16BE(2) : short === 127 ? Number(held.readBigUInt64BE(2)) : short;
      if (held.length < start + length) break;
      const kind = (held[0] ?? 0) & 15;
      const body = held.subarray(start, start + length);
      held = held.subarray(start + length);
      if (kind === 2) this.#listener.frame(body);
      else if (kind === 8) this.end();
    }
    this.#held = held;
  }
}
