import type { Socket } from '../contribute/network.ts';
import { TapestryError } from '../errors.ts';
import { FrameReader, framed } from '../formats/framed.ts';
import { Messages } from './messages.ts';
import {
  connectionError,
  maxMessageBytes,
  openMilliseconds,
  reasonOf,
  refuseRedirect,
} from './relay-errors.ts';

/** The headers in which a request names the protocol's version, and the connection to which its frames belong. */
export interface FrameHeaders {
  readonly protocol: string;
  readonly connection: string;
}

/** A request takes up so many bytes of frames, or one longer frame: a slow network still sends it within a few heartbeats. */
const requestBytes = 2 ** 16;

/** Time limit for the last frames of a connection that is closed. */
const closeMilliseconds = 2_000;

/**
 * A socket over HTTP: one response carries the relay's frames, and POST requests, one after another, carry the node's.
 * `protocol` is the version that the relay has to speak.
 * @throws TapestryError `relay.unreachable`, `relay.tls`, `relay.redirected` or `host.permission`
 */
export async function openFetchSocket(url: URL, protocol: string, headers: FrameHeaders): Promise<Socket> {
  const closing = new AbortController();
  const timer = setTimeout(() => closing.abort(), openMilliseconds);
  try {
    const response = await request(url, {
      headers: { [headers.protocol]: protocol },
      signal: closing.signal,
    });
    const connection = response.headers.get(headers.connection);
    if (response.status !== 200 || response.body === null || connection === null)
      throw new Error(`HTTP status ${response.status}`);
    const messages = new Messages();
    const upload = new Upload(url, { [headers.connection]: connection }, messages, closing);
    void receive(url, response.body, messages).finally(() => upload.stop());
    return {
      send: (bytes) => upload.send(bytes),
      get buffered() {
        return upload.buffered;
      },
      get arrived() {
        return messages.arrived;
      },
      messages,
      close: () => upload.close(),
    };
  } catch (error) {
    closing.abort();
    throw error instanceof TapestryError ? error : connectionError(url, reasonOf(error), error);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads the relay's frames until the response ends. */
async function receive(
  url: URL,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  messages: Messages,
): Promise<void> {
  const frames = new FrameReader(maxMessageBytes);
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (const frame of frames.read(value)) messages.push(frame);
    }
    if (!frames.isBetween) throw new Error('the connection ended within a message');
    messages.end();
  } catch (error) {
    messages.fail(connectionError(url, reasonOf(error), error));
  }
}

/** The node's frames on their way to the relay. */
class Upload {
  readonly #url: URL;
  readonly #headers: Record<string, string>;
  readonly #messages: Messages;
  readonly #closing: AbortController;
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #buffered = 0;
  /** Frames that the relay has handled. */
  #handled = 0;
  #state: 'idle' | 'sending' | 'closed' = 'idle';

  /** Aborting `closing` ends the connection. A connection that broke fails `messages`. */
  constructor(url: URL, headers: Record<string, string>, messages: Messages, closing: AbortController) {
    this.#url = url;
    this.#headers = headers;
    this.#messages = messages;
    this.#closing = closing;
  }

  get buffered(): number {
    return this.#buffered;
  }

  send(bytes: Uint8Array): void {
    if (this.#state === 'closed' || this.#closeTimer !== undefined) return;
    const frame = framed(bytes);
    this.#waiting.push(frame);
    this.#buffered += frame.length;
    if (this.#state === 'idle') void this.#sendAll();
  }

  /** Sends what waits, and ends the connection. */
  close(): void {
    if (this.#state === 'sending') this.#closeTimer ??= setTimeout(() => this.stop(), closeMilliseconds);
    else this.stop();
  }

  /** Ends the connection at once. */
  stop(): void {
    clearTimeout(this.#closeTimer);
    this.#state = 'closed';
    this.#closing.abort();
  }

  async #sendAll(): Promise<void> {
    this.#state = 'sending';
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#nextBatch();
        const status = await this.#post(batch);
        // The relay has ended the connection, and its last messages say why.
        if (status === 410) return;
        if (status !== 204) throw new Error(`HTTP status ${status}`);
        this.#handled += batch.length;
        for (const frame of batch) this.#buffered -= frame.length;
      }
      if (this.#closeTimer !== undefined) this.stop();
      else if (this.#state === 'sending') this.#state = 'idle';
    } catch (error) {
      this.#messages.fail(connectionError(this.#url, reasonOf(error), error));
      this.stop();
    }
  }

  #nextBatch(): Uint8Array<ArrayBuffer>[] {
    let bytes = this.#waiting[0]?.length ?? 0;
    let count = 1;
    for (const frame of this.#waiting.slice(1)) {
      bytes += frame.length;
      if (bytes > requestBytes) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #post(batch: readonly Uint8Array<ArrayBuffer>[]): Promise<number> {
    const url = new URL(this.#url);
    // A browser repeats a request where a kept connection of HTTP broke; the relay handles no frame twice.
    url.searchParams.set('after', String(this.#handled));
    const { signal } = this.#closing;
    const response = await request(url, {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': 'application/octet-stream' },
      body: new Blob([...batch]),
      signal,
    });
    await response.body?.cancel();
    return response.status;
  }
}

async function request(url: URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'manual', cache: 'no-store', credentials: 'omit' });
  await refuseRedirect(url, response);
  return response;
}
