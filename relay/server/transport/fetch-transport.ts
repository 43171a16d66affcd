import type { IncomingMessage, ServerResponse } from 'node:http';
import { FrameReader, FrameTooLong, framed } from '../../../client/formats/framed.ts';
import { maxFrameToRelay } from '../../wire/frames.ts';
import { RefusalCode } from '../../wire/tapestry_pb.js';
import type { Transport, TransportListener } from './transport.ts';

/**
 * One long response that carries frames down, and POST requests that carry frames up, as a transport. The requests come one
 * after another, and each is answered once its frames are handled, so a node that sends faster than the relay works waits.
 */
export class FetchTransport implements Transport {
  readonly #down: ServerResponse;
  readonly #frames = new FrameReader(maxFrameToRelay);
  #listener: TransportListener | null = null;
  #uploading: IncomingMessage | null = null;
  /** Frames received in all requests. */
  #received = 0;
  #resumed: PromiseWithResolvers<void> | null = null;
  #ended = false;

  /** `down` is a response whose headers were sent. */
  constructor(down: ServerResponse) {
    this.#down = down;
    down.on('error', () => {});
    down.on('close', () => {
      this.#end();
      this.#listener?.closed();
    });
  }

  get buffered(): number {
    return this.#down.writableLength;
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
  }

  send(frame: Uint8Array): void {
    this.#down.write(framed(frame));
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  close(): void {
    this.#end();
    this.#down.end();
  }

  terminate(): void {
    this.#end();
    this.#down.destroy();
    this.#uploading?.destroy();
  }

  /**
   * Reads a request's frames, of which the first follows the node's first `after` frames. Returns the status of the answer, once
   * the frames are handled: 204; 409 for a request out of order, which a browser repeats where a connection of HTTP broke; 410 if
   * the connection has ended.
   */
  async upload(request: IncomingMessage, after: number): Promise<204 | 409 | 410> {
    if (this.#ended) return 410;
    if (this.#uploading !== null || after !== this.#received) return 409;
    this.#uploading = request;
    try {
      const pieces: AsyncIterable<Buffer> = request;
      // After the end the rest of the body is read and dropped, so that the node gets the answer.
      for await (const piece of pieces) if (!this.#ended) await this.#take(piece);
      if (!this.#ended && !this.#frames.isBetween) this.#break(RefusalCode.MALFORMED);
      if (!this.#ended && this.#received === after) this.#listener?.signalled();
    } catch {
      // The request was cut off, and how much of it the node counts as sent is unknown.
      this.terminate();
    } finally {
      this.#uploading = null;
    }
    return this.#ended ? 410 : 204;
  }

  async #take(piece: Uint8Array): Promise<void> {
    this.#listener?.read(piece.length);
    try {
      for (const frame of this.#frames.read(piece)) {
        if (this.#ended) return;
        this.#received++;
        this.#listener?.arrived(frame);
        await this.#resumed?.promise;
      }
    } catch (error) {
      if (!(error instanceof FrameTooLong)) throw error;
      this.#break(RefusalCode.OUT_OF_LIMIT);
    }
  }

  #break(code: RefusalCode): void {
    this.#listener?.broke(code);
    this.close();
  }

  #end(): void {
    this.#ended = true;
    this.resume();
  }
}
