import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { RefusalCode } from '../../wire/tapestry_pb.js';
import type { Transport, TransportListener } from './transport.ts';

/** A WebSocket as a transport. It reads from `stream`, to which this class only listens. */
export class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;

  constructor(socket: WebSocket, stream: Duplex) {
    this.#socket = socket;
    this.#stream = stream;
  }

  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  listen(listener: TransportListener): void {
    // Counted before the WebSocket layer parses them, so that excess bytes are never parsed.
    this.#stream.prependListener('data', (chunk: Uint8Array) => listener.read(chunk.length));
    this.#socket.on('message', (data, isBinary) => listener.arrived(frameOf(data, isBinary)));
    this.#socket.on('ping', () => listener.signalled());
    this.#socket.on('error', (error) => listener.broke(codeOf(error)));
    this.#socket.on('close', () => listener.closed());
  }

  send(frame: Uint8Array): void {
    this.#socket.send(frame);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.close(1000);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

function frameOf(data: RawData, isBinary: boolean): Uint8Array | null {
  return isBinary && data instanceof Uint8Array ? data : null;
}

/** The codes of the WebSocket layer for frames that are longer than any message, and longer than a number can tell. */
const tooLongCodes: ReadonlySet<unknown> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
]);

/** Null for an error of the network. The WebSocket layer refuses a frame with the status that RFC 6455 defines for it. */
function codeOf(error: Error): RefusalCode | null {
  if (!('code' in error) || !String(error.code).startsWith('WS_ERR_')) return null;
  return tooLongCodes.has(error.code) ? RefusalCode.OUT_OF_LIMIT : RefusalCode.MALFORMED;
}
