import { applyDelta } from '../../../relay/wire/codec/apply-delta.ts';
import { WireError } from '../../../relay/wire/frames.ts';
import { TapestryError } from '../../errors.ts';
import type { RelayHttp } from '../../relay-http.ts';
import type { Files } from '../../runtime.ts';
import { contentHash } from '../../sha256.ts';
import { deltasBetween } from '../protocol/delta-list.ts';
import type { Downloads } from '../protocol/download.ts';
import type { RunTerms } from '../run-terms.ts';

export interface LoadedBase {
  readonly parameters: Float32Array<ArrayBuffer>;
  /** Bytes downloaded from the relay. */
  readonly fetched: number;
}

interface HeldBase {
  readonly hash: string;
  readonly parameters: Float32Array<ArrayBuffer>;
}

type Terms = Pick<RunTerms, 'layout' | 'downlink' | 'fragments'>;

/** The base that a round, counted from 1, begins from. */
export interface WantedBase {
  readonly round: number;
  /** SHA-256, hex. */
  readonly base: string;
}

/**
 * The current base of a run, in memory and in a file of the node's folder. The next one comes by the relay's deltas from this one,
 * where the run has them and they are smaller than the base; else it is downloaded whole. Either way its hash is checked.
 */
export class BaseStore {
  readonly #files: Files;
  readonly #http: RelayHttp;
  readonly #downloads: Downloads;
  #held: HeldBase | null = null;

  constructor(files: Files, http: RelayHttp, downloads: Downloads) {
    this.#files = files;
    this.#http = http;
    this.#downloads = downloads;
  }

  /**
   * The parameters of a base, from memory, the file or the relay.
   * @throws TapestryError `relay.unreachable` or `relay.bad-blob`
   */
  async load(name: string, terms: Terms, wanted: WantedBase, signal: AbortSignal): Promise<LoadedBase> {
    const { layout, downlink } = terms;
    const { base: hash } = wanted;
    // After the first base is read or downloaded, the file always holds the same base as memory.
    this.#held ??= await this.stored(name, layout.length);
    if (this.#held?.hash === hash) return { parameters: this.#held.parameters, fetched: 0 };
    const followed =
      this.#held && downlink && (await this.#follow(this.#held, wanted, { ...terms, downlink }, signal));
    signal.throwIfAborted();
    let { parameters, fetched } = followed ?? { parameters: null, fetched: 0 };
    if (parameters === null) {
      const bytes = await this.#downloads.blob(hash, layout.length * 4, signal);
      parameters = vectorOf(bytes);
      fetched += bytes.length;
    }
    await this.#files.write(name, bytesOf(parameters));
    this.#held = { hash, parameters };
    signal.throwIfAborted();
    return { parameters, fetched };
  }

  /** The base that the file holds; null without a whole one. */
  async stored(name: string, length: number): Promise<HeldBase | null> {
    const bytes = await this.#files.read(name);
    if (bytes === null || bytes.length !== length * 4) return null;
    return { hash: await contentHash(bytes), parameters: vectorOf(bytes) };
  }

  /** `parameters` is null where the relay's deltas do not lead from `held` to the base, or are not smaller than the base. */
  async #follow(
    held: HeldBase,
    { round, base: hash }: WantedBase,
    { layout, downlink, fragments }: Terms & { readonly downlink: NonNullable<Terms['downlink']> },
    signal: AbortSignal,
  ): Promise<{ parameters: Float32Array<ArrayBuffer> | null; fetched: number }> {
    const deltaBytes = downlink.payloadBytes(fragments.length);
    const most = Math.ceil((layout.length * 4) / deltaBytes) - 1;
    let { parameters } = held;
    let fetched = 0;
    try {
      const deltas = (await deltasBetween(this.#http, { from: held.hash, to: hash }, most, signal)) ?? [];
      for (const [i, delta] of deltas.entries()) {
        const payload = await this.#downloads.blob(delta, deltaBytes, signal);
        fetched += payload.length;
        // The last of them is that of the round before.
        const fragment = fragments.at(Math.max(1, round - deltas.length + i));
        const values = applyDelta(fragment.of(parameters), payload, downlink);
        parameters = fragment.into(parameters, values);
      }
    } catch (error) {
      // The whole base needs none of what is missing or wrong here.
      if (!(error instanceof TapestryError || error instanceof WireError)) throw error;
      return { parameters: null, fetched };
    }
    const isRight = (await contentHash(bytesOf(parameters))) === hash;
    return { parameters: isRight ? parameters : null, fetched };
  }
}

function vectorOf(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
