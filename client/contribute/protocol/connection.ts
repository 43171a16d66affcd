import {
  type DraftToRelay,
  decodeToNode,
  encodeToRelay,
  type MessageToNode,
} from '../../../relay/wire/frames.ts';
import type { Clock } from '../../runtime.ts';
import type { Socket } from '../network.ts';
import type { Traffic } from './traffic.ts';

/** The next chunk is sent when at most this many bytes wait in the socket. */
const bufferedMost = 2 ** 18;
const drainMilliseconds = 20;

/** One connection to the relay, which encodes and decodes messages. All data that leaves the node passes through `send`. */
export class Connection {
  readonly #socket: Socket;
  readonly #traffic: Traffic;
  readonly #closing = new AbortController();

  readonly #clock: Clock;
  #drains = 0;

  constructor(socket: Socket, traffic: Traffic, clock: Clock) {
    this.#socket = socket;
    this.#traffic = traffic;
    this.#clock = clock;
  }

  /** Increases with each sign that the connection works: a message arrived, or bytes that waited in the socket were sent. */
  get signs(): number {
    return this.#socket.arrived + this.#drains;
  }

  /** Aborted when either side closes the connection. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Sends a message. Does nothing if the connection is closed. */
  send(message: DraftToRelay): void {
    if (this.closed.aborted) return;
    const frame = encodeToRelay(message);
    this.#traffic.count(message.case, frame);
    this.#socket.send(frame);
  }

  /** Resolves when at most `bufferedMost` bytes still wait in the socket. */
  async drained(signal: AbortSignal): Promise<void> {
    let waiting = this.#socket.buffered;
    while (waiting > bufferedMost && !signal.aborted && !this.closed.aborted) {
      await this.#clock.sleep(drainMilliseconds, signal);
      const left = this.#socket.buffered;
      if (left < waiting) this.#drains++;
      waiting = left;
    }
  }

  /** The relay's messages, until the relay or `close` ends the connection. Throws WireError for a frame that is no message. */
  async *messages(): AsyncGenerator<MessageToNode> {
    try {
      for await (const bytes of this.#socket.messages) {
        this.#traffic.heard(bytes.length);
        yield decodeToNode(bytes);
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.closed.aborted) return;
    this.#closing.abort();
    this.#socket.close();
  }
}
