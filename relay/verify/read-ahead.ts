import type { StoredEntry } from '../journal/entry.ts';
import { type Hash, isHash } from '../wire/hex.ts';
import type { VerifySource } from './source.ts';

/** Payloads that are read ahead of their use: so many at a time, and so many bytes together. */
const mostRequests = 16;
const mostBytes = 64 << 20;

/** Entries that are read ahead of the one that is checked, to know which payloads come next. */
const windowEntries = 64;

type Bytes = Uint8Array | null | 'withheld';

/**
 * Reads a journal, and the payloads that it names, ahead of the checks: a relay answers several requests at a time, while the
 * payloads before are hashed and decoded. The entries ahead are unchecked, so nothing but the time of a request depends on them.
 */
export class ReadAhead {
  readonly #source: VerifySource;
  readonly #reading = new Map<Hash, Promise<Bytes | Error>>();
  readonly #stopped = new AbortController();
  #pending: { readonly payload: Hash; readonly length: number }[] = [];
  #payloads: { readonly longest: number; readonly after: number; readonly atOnce: number } | null = null;

  constructor(source: VerifySource) {
    this.#source = source;
  }

  /** Begins to read payloads, of which none is longer than `longest` bytes: those of the rounds after `after`. */
  expect(longest: number, after: number): void {
    const atOnce = Math.max(1, Math.min(mostRequests, Math.floor(mostBytes / longest)));
    this.#payloads = { longest, after, atOnce };
  }

  /** Reads nothing ahead any more. */
  stop(): void {
    this.#payloads = null;
    this.#pending = [];
    this.#stopped.abort();
  }

  /** The source's entries. Throws what the source throws, once the entries before are taken. */
  async *journal(): AsyncGenerator<StoredEntry, void> {
    const entries: StoredEntry[] = [];
    let failure: { readonly error: unknown } | null = null;
    const source = this.#source.journal();
    const next = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    try {
      for (let isMore = true; isMore || entries.length > 0; ) {
        // Nothing is read ahead of the first entry, which says what payloads there are.
        while (isMore && entries.length < (this.#payloads === null ? 1 : windowEntries)) {
          try {
            const { done, value } = await next.next();
            if (done === true) isMore = false;
            else {
              entries.push(value);
              this.#see(value);
            }
          } catch (error) {
            failure = { error };
            isMore = false;
          }
        }
        const entry = entries.shift();
        if (entry !== undefined) yield entry;
      }
    } finally {
      await next.return?.();
    }
    if (failure !== null) throw failure.error;
  }

  /** Gives the same as the source. Each payload that was read ahead is given once; later it is read again. */
  async blob(hash: Hash, length: number): Promise<Bytes> {
    const reading = this.#reading.get(hash);
    if (reading === undefined) return this.#source.blob(hash, length);
    const bytes = await reading;
    this.#reading.delete(hash);
    this.#start();
    if (bytes instanceof Error) throw bytes;
    // The round may have ended since.
    return bytes instanceof Uint8Array ? bytes : this.#source.blob(hash, length);
  }

  #see({ kind, body }: StoredEntry): void {
    if (kind !== 'contribution-accepted' || this.#payloads === null) return;
    const payload = /"payload":"([0-9a-f]{64})"/.exec(body)?.[1];
    const round = /"round":(\d{1,15})/.exec(body)?.[1];
    const length = Number(/"payloadBytes":(\d{1,15})/.exec(body)?.[1]);
    if (payload === undefined || !isHash(payload) || Number(round) <= this.#payloads.after) return;
    if (!(length <= this.#payloads.longest)) return;
    this.#pending.push({ payload, length });
    this.#start();
  }

  #start(): void {
    const payloads = this.#payloads;
    while (payloads !== null && this.#reading.size < payloads.atOnce) {
      const next = this.#pending.shift();
      if (next === undefined) return;
      if (this.#reading.has(next.payload)) continue;
      const read = this.#source.blob(next.payload, next.length, this.#stopped.signal);
      this.#reading.set(
        next.payload,
        read.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
      );
    }
  }
}
