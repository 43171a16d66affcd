import { TapestryError } from '../errors.ts';

/** The most messages and bytes that may wait while the node handles one message. A correct relay never sends more. */
const maxWaiting = { messages: 1024, bytes: 2 ** 22 } as const;

/**
 * A queue of messages for one reader. After `end`, the reader gets the waiting messages and then ends; after `fail`, it
 * gets the waiting messages and then the error.
 */
export class Messages implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #arrived = 0;
  #waitingBytes = 0;
  #wake: (() => void) | null = null;
  #ended = false;
  #error: Error | null = null;

  /** Number of messages pushed so far, including those not read yet. */
  get arrived(): number {
    return this.#arrived;
  }

  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#ended) return;
    this.#arrived++;
    this.#waitingBytes += bytes.length;
    if (this.#waiting.length >= maxWaiting.messages || this.#waitingBytes > maxWaiting.bytes) {
      this.fail(
        new TapestryError(
          'relay.malformed',
          'The relay sent more messages than this node can handle.',
          'The node reconnects automatically. If the error persists, tell the operator of the relay.',
        ),
      );
      return;
    }
    this.#waiting.push(bytes);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    if (!this.#ended) this.#error = error;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#waitingBytes -= next.length;
        yield next;
        continue;
      }
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}
