import { hashBytes } from '../../../relay/wire/merkle.ts';
import { TapestryError } from '../../errors.ts';
import type { RelayHttp } from '../../relay-http.ts';

/** The most bytes of a proof: two hashes for each level of a tree of 2^53 leaves. */
const maxProofBytes = 106 * hashBytes;

/** The most bytes of a journal's line, with its line end. */
const maxLineBytes = 1 << 20;

/** Asks a relay for proofs about its journal. The caller checks them: the relay is not trusted. */
export class JournalProofs {
  readonly #http: RelayHttp;

  constructor(http: RelayHttp) {
    this.#http = http;
  }

  /**
   * The proof that the first `from` entries are the first of `to`; empty for equal sizes.
   * @throws TapestryError `relay.unreachable`
   */
  async consistency(from: number, to: number, signal: AbortSignal): Promise<Uint8Array[]> {
    return from === to ? [] : this.#hashes(`checkpoint/consistency?from=${from}&to=${to}`, signal);
  }

  /** The proof that entry `sequence` is among the first `size`. @throws TapestryError `relay.unreachable` */
  inclusion(sequence: number, size: number, signal: AbortSignal): Promise<Uint8Array[]> {
    return this.#hashes(`checkpoint/inclusion?sequence=${sequence}&size=${size}`, signal);
  }

  /** The hash in the line of entry `sequence`; null if the line has none. Throws the errors of `RelayHttp.get`. */
  async entryHash(sequence: number, signal: AbortSignal): Promise<string | null> {
    const { pieces } = await this.#http.get(`journal?after=${sequence - 1}`, {
      most: Number.MAX_SAFE_INTEGER,
      signal,
    });
    const decoder = new TextDecoder();
    let line = '';
    for await (const piece of pieces) {
      line += decoder.decode(piece, { stream: true });
      if (line.includes('\n') || line.length > maxLineBytes) break;
    }
    return /^[^\n]*"hash":"([0-9a-f]{64})"\}\n/.exec(line)?.[1] ?? null;
  }

  /** The hashes of a proof. The relay sends them concatenated, as raw bytes. */
  async #hashes(path: string, signal: AbortSignal): Promise<Uint8Array[]> {
    const bytes = await this.#http.read(path, { most: maxProofBytes, signal }).catch((cause: unknown) => {
      if (cause instanceof TapestryError) throw cause;
      throw this.#unanswered(path, cause);
    });
    if (bytes.length % hashBytes !== 0) throw this.#unanswered(path, new Error('a part of a hash'));
    return Array.from({ length: bytes.length / hashBytes }, (_, i) =>
      bytes.subarray(i * hashBytes, (i + 1) * hashBytes),
    );
  }

  #unanswered(path: string, cause: unknown): TapestryError {
    return new TapestryError(
      'relay.unreachable',
      `${this.#http.url(path).origin} gave no proof of its journal.`,
      'The node reconnects automatically. If the error persists, tell the relay’s operator.',
      { cause },
    );
  }
}
