import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from './clock.ts';
import { Allowance, type RelayLimits } from './limits.ts';
import type { Metrics } from './metrics.ts';
import {
  type DraftToNode,
  decodeToRelay,
  encodeToNode,
  type MessageToRelay,
  WireError,
} from './wire/frames.ts';
import { GoodbyeReason, RefusalCode } from './wire/tapestry_pb.js';

/** Who hears of a connection. `received` may take its time: nothing more is read from the socket meanwhile. */
export interface ConnectionHandler {
  received(message: MessageToRelay): Promise<void>;
  /** The connection sent something that is refused before it means anything, or nothing at all. */
  refused(code: RefusalCode): void;
  closed(): void;
}

/**
 * One WebSocket, as messages in and out. Bytes are counted, decoded and bounded here; what a message means is said in
 * session.ts. Messages are handed over one at a time, and while one is being handled the socket is not read:
 * a node that sends faster than the disk takes is slowed down by its own network, and costs no memory.
 */
export class Connection {
  readonly #socket: WebSocket;
  readonly #limits: RelayLimits;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #allowance: Allowance;
  readonly #waiting: Uint8Array[] = [];
  #handler: ConnectionHandler | null = null;
  #handling = false;
  #admitted = false;
  #ended = false;
  #heardAt: number;
  #readBytes = 0;
  #bytesUp = 0;
  #bytesDown = 0;

  /** `stream` is what `socket` reads from; it is only listened to. */
  constructor(socket: WebSocket, stream: Duplex, limits: RelayLimits, metrics: Metrics, clock: Clock) {
    this.#socket = socket;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#heardAt = clock.elapsed();
    this.#allowance = new Allowance(limits.messagesPerSecond, limits.messageBurst, clock.elapsed());
    // Before the WebSocket layer, so that what is too much is not even looked at.
    stream.prependListener('data', (chunk: Uint8Array) => this.#read(chunk.length));
    socket.on('message', (data, isBinary) => this.#arrived(data, isBinary));
    socket.on('ping', () => this.#spend());
    socket.on('error', (error) => this.#broke(error));
    socket.on('close', () => this.#closed());
  }

  /** Frames of this connection so far, with their WebSocket framing. */
  get bytesUp(): number {
    return this.#bytesUp;
  }

  get bytesDown(): number {
    return this.#bytesDown;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Begins to hand messages over. */
  listen(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  /** The node has joined: from here on it may send whole chunks, and must not fall silent. */
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
    if (this.#socket.bufferedAmount > this.#limits.buffered) {
      this.#handler?.refused(RefusalCode.TIMEOUT);
      this.#ended = true;
      this.#socket.terminate();
    }
  }

  /** Says why, and closes; a node that does not close its side in time is cut off. */
  end(reason: GoodbyeReason): void {
    if (this.#ended) return;
    this.send({ case: 'goodbye', value: { reason } });
    this.close();
  }

  /** Closes without a word, as a Leave is answered. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting.length = 0;
    this.#socket.resume();
    this.#socket.close(1000);
    setTimeout(() => this.#socket.terminate(), this.#limits.close).unref();
  }

  /** So many milliseconds do not count as silence. */
  excuse(milliseconds: number): void {
    this.#heardAt += milliseconds;
  }

  /** Looked at on every tick: a node that has not joined in time, or that fell silent, is let go. */
  checkDeadline(now: number): void {
    const allowed = this.#admitted ? this.#limits.silence : this.#limits.join;
    if (this.#ended || this.#handling || now - this.#heardAt < allowed) return;
    this.#handler?.refused(RefusalCode.TIMEOUT);
    this.end(GoodbyeReason.SILENT);
  }

  #read(bytes: number): void {
    this.#readBytes += bytes;
    if (this.#admitted || this.#ended || this.#readBytes <= this.#limits.bytesBeforeJoin) return;
    this.#refuseAndEnd(RefusalCode.OUT_OF_LIMIT);
  }

  #arrived(data: RawData, isBinary: boolean): void {
    if (!this.#spend()) return;
    if (!isBinary || !(data instanceof Uint8Array)) {
      this.#refuseAndEnd(RefusalCode.MALFORMED);
      return;
    }
    // Before the join only the Join counts, or a trickle of frames would keep a stranger's connection open.
    if (this.#admitted) this.#heardAt = this.#clock.elapsed();
    this.#waiting.push(data);
    if (!this.#handling) void this.#handle();
  }

  async #handle(): Promise<void> {
    this.#handling = true;
    this.#socket.pause();
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      const message = this.#decode(frame);
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

  #spend(): boolean {
    if (this.#ended) return false;
    if (this.#allowance.spend(this.#clock.elapsed())) return true;
    this.#refuseAndEnd(RefusalCode.TOO_MANY);
    return false;
  }

  #refuseAndEnd(code: RefusalCode): void {
    this.#handler?.refused(code);
    this.end(GoodbyeReason.REFUSED);
  }

  /** The WebSocket layer refused a frame and is closing with the code that RFC 6455 has for it. */
  #broke(error: Error): void {
    if (this.#ended) return;
    const tooLong = 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    const ofNetwork = !('code' in error) || !String(error.code).startsWith('WS_ERR_');
    this.#ended = true;
    if (!ofNetwork) this.#handler?.refused(tooLong ? RefusalCode.OUT_OF_LIMIT : RefusalCode.MALFORMED);
    setTimeout(() => this.#socket.terminate(), this.#limits.close).unref();
  }

  #closed(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#handler?.closed();
  }
}

/** Length on the wire of one unfragmented WebSocket frame (RFC 6455, 5.2); those from a client carry a mask. */
export function frameBytes(payload: number, masked: boolean): number {
  const length = payload < 126 ? 0 : payload < 65536 ? 2 : 8;
  return 2 + length + (masked ? 4 : 0) + payload;
}
