import { TapestryError } from '../errors.ts';

/** A relay has no reason to send so many messages while the node looks at one. */
const waitingMost = 1024;

/**
 * Messages in the order they came, for one reader: what is pushed before it is asked for waits. After `end` the reader
 * gets the rest and is done; after `fail` it gets the rest and then the error.
 */
export class Messages implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #wake: (() => void) | null = null;
  #ended = false;
  #error: Error | null = null;

  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#ended) return;
    if (this.#waiting.length >= waitingMost) {
      this.fail(
        new TapestryError(
          'relay.malformed',
          'The relay sent more than this node can look at.',
          'Nothing to do: this node joins again. If this stays, tell the operator of the relay.',
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
