import type { Clock } from './runtime.ts';

/** A response fails if no byte of it arrives for this many milliseconds. */
export const stallMilliseconds = 20_000;

/** A response fails if it is slower than this on average, once it was waited for as long as `slowMilliseconds`. */
export const leastBytesPerSecond = 1024;
export const slowMilliseconds = 60_000;

/** Sends a GET request like the web's `fetch`. It must not follow redirects. */
export type Fetch = (
  url: URL,
  init?: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal },
) => Promise<Response>;

export interface GetOptions {
  /** The most bytes that the body may have. */
  readonly most: number;
  readonly signal?: AbortSignal;
  /** First byte of the body to request (an HTTP range); 0 by default. */
  readonly from?: number;
  readonly headers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The pieces of the body, in order. Throws TooLong, Stalled, TooSlow, or the network's error. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Gives the response up without reading it. */
  cancel(): void;
}

/** The body has more bytes than allowed. */
export class TooLong extends Error {
  constructor(most: number) {
    super(`the relay sends more than ${most} bytes`);
  }
}

/** The relay sent nothing of a response for `stallMilliseconds`. */
export class Stalled extends Error {
  constructor() {
    super(`the relay sent nothing for ${stallMilliseconds / 1000} seconds`);
  }
}

/** The relay sends less than `leastBytesPerSecond`. */
export class TooSlow extends Error {
  constructor() {
    super(`the relay sends less than ${leastBytesPerSecond} bytes a second`);
  }
}

/** The relay compressed a response, which no relay does: a few bytes could become gigabytes. */
export class Compressed extends Error {
  constructor(encoding: string) {
    super(
      `the relay, or a proxy before it, sends a compressed answer (${JSON.stringify(encoding.slice(0, 40))})`,
    );
  }
}

/** The relay answered with another status than 200. */
export class StatusError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`HTTP status ${status}`);
    this.status = status;
  }
}

/**
 * Sends GET requests to a relay, which is not trusted. Everything that comes from a relay by HTTP is read here: the size of
 * each body is limited before memory is allocated for it, compressed bodies are refused, and every wait has a time limit.
 */
export class RelayHttp {
  readonly #fetch: Fetch;
  readonly #clock: Clock;
  readonly #relay: URL;
  readonly #arrived: (bytes: number) => void;

  /** `arrived` is told the bytes of each piece of a body as it arrives, also of a body that is given up later. */
  constructor(
    { fetch }: { readonly fetch: Fetch },
    clock: Clock,
    relay: URL,
    arrived: (bytes: number) => void = () => {},
  ) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.#relay = relay;
    this.#arrived = arrived;
  }

  /** The absolute address of `path`, which is relative to the relay's address. */
  url(path: string): URL {
    return new URL(path, this.#relay);
  }

  /** Resolves when the headers have arrived. Throws TooLong, Compressed, Stalled, or the network's error. */
  async get(path: string, { most, signal, from = 0, headers: more = {} }: GetOptions): Promise<Answer> {
    const request = new AbortController();
    const both = signal === undefined ? request.signal : AbortSignal.any([signal, request.signal]);
    const range: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    // A browser sets this header itself, and ignores ours.
    const headers = { 'accept-encoding': 'identity', ...range, ...more };
    try {
      const response = await this.#within(this.#fetch(this.url(path), { headers, signal: both }));
      const encoding = response.headers.get('content-encoding') ?? 'identity';
      if (encoding.toLowerCase() !== 'identity') throw new Compressed(encoding);
      if (Number(response.headers.get('content-length') ?? 0) > most) throw new TooLong(most);
      const { status, headers: answered } = response;
      const pieces = this.#pieces(response, most, request);
      return { status, headers: answered, pieces, cancel: () => request.abort() };
    } catch (error) {
      request.abort();
      throw error;
    }
  }

  /** The whole body of a successful response. Throws the errors of `get`, and StatusError for a status other than 200. */
  async read(path: string, options: GetOptions): Promise<Uint8Array<ArrayBuffer>> {
    const { status, pieces, cancel } = await this.get(path, options);
    if (status === 200) return firstBytes(pieces, options.most);
    cancel();
    throw new StatusError(status);
  }

  async *#pieces(response: Response, most: number, request: AbortController): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    let length = 0;
    // Only time spent waiting counts: a reader may take long for what it does with a piece.
    let waited = 0;
    try {
      for (;;) {
        const asked = this.#clock.now();
        const { done, value } = await this.#within(reader.read());
        if (done) return;
        waited += this.#clock.now() - asked;
        length += value.length;
        this.#arrived(value.length);
        if (length > most) throw new TooLong(most);
        if (waited > slowMilliseconds && length < (waited / 1000) * leastBytesPerSecond) throw new TooSlow();
        yield value;
      }
    } finally {
      // Cancels a response that was not read to its end; has no effect on a complete one.
      request.abort();
    }
  }

  /** The result of `work`; throws Stalled if it takes longer than a response may stall. */
  async #within<T>(work: Promise<T>): Promise<T> {
    const done = new AbortController();
    const stalled = async () => {
      await this.#clock.sleep(stallMilliseconds, done.signal);
      if (!done.signal.aborted) throw new Stalled();
      return work;
    };
    try {
      return await Promise.race([work, stalled()]);
    } finally {
      done.abort();
    }
  }
}

/** The first `limit` bytes, or all if there are fewer. Memory grows with what arrives, not with what was announced. */
export async function firstBytes(
  pieces: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(Math.min(limit, 2 ** 16));
  let length = 0;
  for await (const piece of pieces) {
    const part = piece.subarray(0, limit - length);
    if (length + part.length > bytes.length) {
      const larger = new Uint8Array(Math.min(limit, Math.max(2 * bytes.length, length + part.length)));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(part, length);
    length += part.length;
    if (length === limit && part.length < piece.length) break;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}
