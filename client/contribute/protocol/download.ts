import { TapestryError } from '../../errors.ts';
import { type RelayHttp, StatusError, TooLong } from '../../relay-http.ts';
import type { Clock } from '../../runtime.ts';
import { contentHash } from '../../sha256.ts';

/**
 * Number of attempts in a row without progress before a download fails, and the wait between attempts. A download has
 * `most` attempts in all, and one more for each `bytesAnAttempt`, so that a relay cannot send a byte an attempt without end.
 */
const patience = { attempts: 5, milliseconds: 500, most: 16, bytesAnAttempt: 2 ** 16 } as const;

/** A blob of which the first `filled` bytes have arrived. */
interface Partial {
  readonly hash: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
}

/**
 * Downloads blobs by `GET /blobs/<hash>`. A download that breaks or stalls resumes from the byte it reached (HTTP ranges).
 * A download that failed or was aborted also resumes, if the next request is for the same blob.
 */
export class Downloads {
  readonly #http: RelayHttp;
  readonly #clock: Clock;
  #partial: Partial | null = null;

  constructor(http: RelayHttp, clock: Clock) {
    this.#http = http;
    this.#clock = clock;
  }

  /**
   * The blob that hashes to `hash` and has `length` bytes. Other bytes are refused.
   * @throws TapestryError `relay.unreachable`, or `relay.bad-blob` for bytes that are too many or do not match the hash
   */
  async blob(hash: string, length: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const started = this.#partial;
    const partial =
      started?.hash === hash && started.bytes.length === length
        ? started
        : { hash, bytes: new Uint8Array(length), filled: 0 };
    this.#partial = partial;
    await this.#complete(partial, signal);
    this.#partial = null;
    if ((await contentHash(partial.bytes)) !== hash) throw bad('bytes that do not hash to the name');
    return partial.bytes;
  }

  async #complete(partial: Partial, signal: AbortSignal): Promise<void> {
    let left = patience.most + Math.ceil(partial.bytes.length / patience.bytesAnAttempt);
    for (let attempt = 1; partial.filled < partial.bytes.length; attempt++) {
      const before = partial.filled;
      let problem: unknown = new Error('the response ended early');
      try {
        await this.#fill(partial, signal);
      } catch (error) {
        problem = error;
      }
      signal.throwIfAborted();
      if (problem instanceof TooLong) throw bad('more bytes than the model has');
      if (isFinal(problem)) throw problem;
      if (partial.filled === partial.bytes.length) return;
      if (partial.filled > before) attempt = 0;
      if (attempt >= patience.attempts || --left === 0) throw unreachable(this.#http.url('.'), problem);
      await this.#clock.sleep(patience.milliseconds, signal);
      signal.throwIfAborted();
    }
  }

  /** Requests the bytes that are still missing and stores them in `partial`. */
  async #fill(partial: Partial, signal: AbortSignal): Promise<void> {
    const { hash, bytes, filled } = partial;
    const options = { from: filled, most: bytes.length, signal };
    const { status, pieces, cancel } = await this.#http.get(`blobs/${hash}`, options);
    if (status !== 200 && status !== 206) {
      cancel();
      throw new StatusError(status);
    }
    // A server without ranges sends the whole blob again.
    let at = status === 206 ? filled : 0;
    for await (const piece of pieces) {
      if (at + piece.length > bytes.length) throw new TooLong(bytes.length);
      bytes.set(piece, at);
      at += piece.length;
      partial.filled = Math.max(partial.filled, at);
    }
  }
}

/** True for an error that another attempt does not solve. */
function isFinal(problem: unknown): boolean {
  return problem instanceof TapestryError && problem.code !== 'relay.unreachable';
}

function bad(what: string): TapestryError {
  return new TapestryError(
    'relay.bad-blob',
    `The relay sent ${what}.`,
    'The node fetches it again. If the error persists, a proxy changes the bytes or the relay is faulty.',
  );
}

function unreachable(relay: URL, cause: unknown): TapestryError {
  return new TapestryError(
    'relay.unreachable',
    `${relay.origin} does not send the base.`,
    'The node retries automatically. If the error persists, ask the operator of the relay.',
    { cause },
  );
}
