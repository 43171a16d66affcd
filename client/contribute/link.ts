import {
  type DraftToRelay,
  decodeToNode,
  encodeToRelay,
  type MessageToNode,
} from '../../relay/wire/frames.ts';
import type { SentBytes } from './events.ts';
import type { Host, Socket } from './host.ts';

/** Bytes that a node sent and received, over all of its connections. Frames without the WebSocket's own framing. */
export class Traffic {
  readonly #sent = { join: 0, offer: 0, chunk: 0, heartbeat: 0, leave: 0 };
  received = 0;

  count(message: keyof SentBytes, bytes: number): void {
    this.#sent[message] += bytes;
  }

  get sent(): SentBytes {
    return { ...this.#sent };
  }
}

/** What waits in the socket at most before the next chunk is handed to it. */
const bufferedMost = 2 ** 18;
const drainMilliseconds = 20;

/** One connection to the relay, as messages. Everything that leaves the node goes through `send`. */
export class Link {
  readonly #socket: Socket;
  readonly #traffic: Traffic;
  readonly #closing = new AbortController();

  constructor(socket: Socket, traffic: Traffic) {
    this.#socket = socket;
    this.#traffic = traffic;
  }

  /** Aborted once the connection is closed from either side. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Nothing is sent over a closed connection. */
  send(message: DraftToRelay): void {
    if (this.closed.aborted) return;
    const frame = encodeToRelay(message);
    this.#traffic.count(message.case, frame.length);
    this.#socket.send(frame);
  }

  /** Resolves when the network has taken nearly all that was sent. */
  async drained(host: Host, signal: AbortSignal): Promise<void> {
    while (this.#socket.buffered > bufferedMost && !signal.aborted && !this.closed.aborted) {
      await host.sleep(drainMilliseconds, signal);
    }
  }

  /** What the relay sends, until it or `close` ends the connection. Throws WireError for what is no message. */
  async *messages(): AsyncGenerator<MessageToNode> {
    try {
      for await (const bytes of this.#socket.messages) {
        this.#traffic.received += bytes.length;
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
