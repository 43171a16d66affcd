import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../run/clock.ts';
import {
  type DraftToNode,
  decodeToRelay,
  encodeToNode,
  type MessageToRelay,
  WireError,
} from '../wire/frames.ts';
import { GoodbyeReason, RefusalCode } from '../wire/tapestry_pb.js';
import type { MessageMeter } from './budget/message-meter.ts';
import type { RelayLimits } from './limits.ts';
import type { Metrics } from './metrics.ts';

/** Handles a connection's messages. The socket is not read while `received` is pending. */
export interface ConnectionHandler {
  received(message: MessageToRelay): Promise<void>;
  /** Called when the relay refuses bytes that are not a message, or silence. May call `send` and `end`. */
  refused(code: RefusalCode): void;
  closed(): void;
}

/**
 * One WebSocket, as messages in and out. This class counts, decodes and limits bytes; node-session.ts handles the messages.
 * The handler gets one message at a time, and the socket is not read while it works, so TCP slows down a node that sends
 * faster than the disk writes, and the relay buffers nothing for it.
 */
export class Connection {
  readonly #socket: WebSocket;
  readonly #limits: RelayLimits;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #meter: MessageMeter;
  readonly #waiting: Uint8Array[] = [];
  #handler: ConnectionHandler | null = null;
  #handling = false;
  #admitted = false;
  #ended = false;
  #heardAt: number;
  #readBytes = 0;
  #bytesUp = 0;
  #bytesDown = 0;
  #terminating: NodeJS.Timeout | undefined;

  /** `socket` reads from `stream`; this class only listens to it. */
  constructor(
    socket: WebSocket,
    stream: Duplex,
    meter: MessageMeter,
    { limits, metrics, clock }: { limits: RelayLimits; metrics: Metrics; clock: Clock },
  ) {
    this.#socket = socket;
    this.#meter = meter;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#heardAt = clock.elapsed();
    // Counted before the WebSocket layer parses them, so that excess bytes are never parsed.
    stream.prependListener('data', (chunk: Uint8Array) => this.#read(chunk.length));
    socket.on('message', (data, isBinary) => this.#arrived(data, isBinary));
    socket.on('ping', () => this.#spend(0));
    socket.on('error', (error) => this.#broke(error));
    socket.on('close', () => this.#closed());
  }

  /** Bytes of this connection's frames so far, with their WebSocket framing. */
  get bytesUp(): number {
    return this.#bytesUp;
  }

  get bytesDown(): number {
    return this.#bytesDown;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Starts to pass messages to `handler`. */
  listen(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  /** The node has joined: it may now send whole chunks, and must send heartbeats. */
  admit(): void {
    this.#admitted = true;
    this.#heardAt = this.#clock.elapsed();
  }

  send(message: DraftToNode): void {
    if (this.#ended) return;
    const frame = encodeToNode(message);
    const bytes = frameBytes(frame.length, false);
    this.#bytesDown += bytes;
    this.#metrics.moved('down', message.case, bytes);
    this.#socket.send(frame);
    if (this.#socket.bufferedAmount > this.#limits.buffered) this.#cutOff();
  }

  /** Sends a Goodbye and closes. Destroys the socket of a node that does not close its side in time. */
  end(reason: GoodbyeReason): void {
    if (this.#ended) return;
    this.send({ case: 'goodbye', value: { reason } });
    this.close();
  }

  /** Closes without a Goodbye: the answer to a Leave. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting.length = 0;
    this.#socket.resume();
    this.#socket.close(1000);
    this.#terminateLater();
  }

  /** Does not count so many milliseconds as the node's silence. */
  excuse(milliseconds: number): void {
    this.#heardAt += milliseconds;
  }

  /** Called on every tick. Ends the connection of a node that did not join in time or is silent. */
  checkDeadline(now: number): void {
    const allowed = this.#admitted ? this.#limits.silence : this.#limits.join;
    if (this.#ended || this.#handling || now - this.#heardAt < allowed) return;
    this.#handler?.refused(RefusalCode.TIMEOUT);
    this.end(GoodbyeReason.SILENT);
  }

  /** Destroys the socket. Sets `#ended` first, since the handler sends the refusal and that must not end up here again. */
  #cutOff(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#socket.terminate();
    this.#handler?.refused(RefusalCode.TIMEOUT);
  }

  #read(bytes: number): void {
    this.#readBytes += bytes;
    if (this.#admitted || this.#ended || this.#readBytes <= this.#limits.bytesBeforeJoin) return;
    this.#refuseAndEnd(RefusalCode.OUT_OF_LIMIT);
  }

  #arrived(data: RawData, isBinary: boolean): void {
    if (!this.#spend(data instanceof Uint8Array ? data.length : 0)) return;
    if (!isBinary || !(data instanceof Uint8Array)) {
      this.#refuseAndEnd(RefusalCode.MALFORMED);
      return;
    }
    // Before the join only the Join extends the deadline: a trickle of frames must not keep a connection open.
    if (this.#admitted) this.#heardAt = this.#clock.elapsed();
    this.#waiting.push(data);
    if (!this.#handling) void this.#handle();
  }

  async #handle(): Promise<void> {
    this.#handling = true;
    this.#socket.pause();
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      const turn = this.#meter.turn();
      if (turn !== null) await turn;
      const message = this.#ended ? null : this.#decode(frame);
      if (message !== null) await this.#handler?.received(message);
    }
    this.#handling = false;
    this.#heardAt = this.#admitted ? this.#clock.elapsed() : this.#heardAt;
    this.#socket.resume();
  }

  #decode(frame: Uint8Array): MessageToRelay | null {
    const bytes = frameBytes(frame.length, true);
    this.#bytesUp += bytes;
    try {
      const message = decodeToRelay(frame);
      this.#metrics.moved('up', message.case, bytes);
      return message;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#metrics.moved('up', 'refused', bytes);
      if (this.#admitted) this.#handler?.refused(error.code);
      else this.#refuseAndEnd(error.code);
      return null;
    }
  }

  #spend(bytes: number): boolean {
    if (this.#ended) return false;
    if (this.#meter.spend(bytes)) return true;
    this.#refuseAndEnd(RefusalCode.TOO_MANY);
    return false;
  }

  #refuseAndEnd(code: RefusalCode): void {
    this.#handler?.refused(code);
    this.end(GoodbyeReason.REFUSED);
  }

  /** The WebSocket layer refused a frame and closes with the code that RFC 6455 defines for it. */
  #broke(error: Error): void {
    if (this.#ended) return;
    const tooLong = 'code' in error && tooLongCodes.has(error.code);
    const ofNetwork = !('code' in error) || !String(error.code).startsWith('WS_ERR_');
    this.#ended = true;
    if (!ofNetwork) this.#handler?.refused(tooLong ? RefusalCode.OUT_OF_LIMIT : RefusalCode.MALFORMED);
    this.#terminateLater();
  }

  /** Destroys a socket whose other end does not close in time. */
  #terminateLater(): void {
    this.#terminating = setTimeout(() => this.#socket.terminate(), this.#limits.close).unref();
  }

  #closed(): void {
    // The timer would hold all memory of the closed connection.
    clearTimeout(this.#terminating);
    this.#ended = true;
    this.#waiting.length = 0;
    this.#handler?.closed();
  }
}

/** The codes of the WebSocket layer for frames that are longer than any message, and longer than a number can tell. */
const tooLongCodes: ReadonlySet<unknown> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
]);

/** Length on the wire of one unfragmented WebSocket frame (RFC 6455, 5.2); those from a client carry a mask. */
export function frameBytes(payload: number, masked: boolean): number {
  const length = payload < 126 ? 0 : payload < 65536 ? 2 : 8;
  return 2 + length + (masked ? 4 : 0) + payload;
}
