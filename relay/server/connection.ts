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
import type { Transport } from './transport/transport.ts';

/** Handles a connection's messages. The transport is not read while `received` is pending. */
export interface ConnectionHandler {
  received(message: MessageToRelay): Promise<void>;
  /** Called when the relay refuses bytes that are not a message, or silence. May call `send` and `end`. */
  refused(code: RefusalCode): void;
  closed(): void;
}

/**
 * One node's connection, as messages in and out. This class counts, decodes and limits bytes; node-session.ts handles the
 * messages. The handler gets one message at a time, and the transport is not read while it works, so TCP slows down a node
 * that sends faster than the disk writes, and the relay buffers nothing for it.
 */
export class Connection {
  readonly #transport: Transport;
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

  constructor(
    transport: Transport,
    meter: MessageMeter,
    { limits, metrics, clock }: { limits: RelayLimits; metrics: Metrics; clock: Clock },
  ) {
    this.#transport = transport;
    this.#meter = meter;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#heardAt = clock.elapsed();
    transport.listen({
      read: (bytes) => this.#read(bytes),
      arrived: (frame) => this.#arrived(frame),
      signalled: () => void this.#spend(0),
      broke: (code) => this.#broke(code),
      closed: () => this.#closed(),
    });
  }

  /** Bytes of this connection's frames so far, without the framing of its transport. */
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
    this.#bytesDown += frame.length;
    this.#metrics.moved('down', message.case, frame.length);
    this.#transport.send(frame);
    if (this.#transport.buffered > this.#limits.buffered) this.#cutOff();
  }

  /** Sends a Goodbye and closes. Destroys the transport of a node that does not close its side in time. */
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
    this.#transport.resume();
    this.#transport.close();
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

  /** Destroys the transport. Sets `#ended` first, since the handler sends the refusal and that must not end up here again. */
  #cutOff(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#transport.terminate();
    this.#handler?.refused(RefusalCode.TIMEOUT);
  }

  #read(bytes: number): void {
    this.#readBytes += bytes;
    if (this.#admitted || this.#ended || this.#readBytes <= this.#limits.bytesBeforeJoin) return;
    this.#refuseAndEnd(RefusalCode.OUT_OF_LIMIT);
  }

  #arrived(frame: Uint8Array | null): void {
    if (!this.#spend(frame?.length ?? 0)) return;
    if (frame === null) {
      this.#refuseAndEnd(RefusalCode.MALFORMED);
      return;
    }
    // Before the join only the Join extends the deadline: a trickle of frames must not keep a connection open.
    if (this.#admitted) this.#heardAt = this.#clock.elapsed();
    this.#waiting.push(frame);
    if (!this.#handling) void this.#handle();
  }

  async #handle(): Promise<void> {
    this.#handling = true;
    this.#transport.pause();
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      const turn = this.#meter.turn();
      if (turn !== null) await turn;
      const message = this.#ended ? null : this.#decode(frame);
      if (message !== null) await this.#handler?.received(message);
    }
    this.#handling = false;
    this.#heardAt = this.#admitted ? this.#clock.elapsed() : this.#heardAt;
    this.#transport.resume();
  }

  #decode(frame: Uint8Array): MessageToRelay | null {
    const bytes = frame.length;
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

  /** The transport refused bytes that are no frame, or the network failed (null). It closes by itself. */
  #broke(code: RefusalCode | null): void {
    if (this.#ended) return;
    this.#ended = true;
    if (code !== null) this.#handler?.refused(code);
    this.#terminateLater();
  }

  /** Destroys a transport whose other end does not close in time. */
  #terminateLater(): void {
    this.#terminating = setTimeout(() => this.#transport.terminate(), this.#limits.close).unref();
  }

  #closed(): void {
    // The timer would hold all memory of the closed connection.
    clearTimeout(this.#terminating);
    this.#ended = true;
    this.#waiting.length = 0;
    this.#handler?.closed();
  }
}
