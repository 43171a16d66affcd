import { toHex } from '../../relay/wire/hex.ts';
import type { ModelTokenizer } from '../data/tokenizer.ts';
import { TapestryError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import type { ParameterLayout } from '../model/parameters.ts';
import { RelayHttp } from '../relay-http.ts';
import type { Runtime } from '../runtime.ts';
import type { Network } from './network.ts';
import { Downloads } from './protocol/download.ts';
import { servedManifest } from './protocol/handshake.ts';
import { NodeStore } from './round/node-store.ts';
import { type RunTerms, readRunTerms } from './run-terms.ts';

/** A run's model without its weights. */
export interface ReadRun {
  readonly run: string;
  readonly name: string;
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly localSteps: number;
  readonly tokenizer: ModelTokenizer;
}

export interface ReadBase {
  /** The base's hash, hex. */
  readonly hash: string;
  readonly parameters: Float32Array<ArrayBuffer>;
}

interface Opened {
  readonly terms: RunTerms;
  readonly initialBase: string;
  readonly tokenizer: ModelTokenizer;
}

/** Bases that stay in memory: that before a round, and that after it. */
const heldBases = 2;

/**
 * Reads the bases of a relay's run without taking part in it, one after another. A base comes from memory, from the file of a node
 * that has its folder here, or from the relay; its hash is checked in each case.
 */
export class BaseReader {
  readonly #http: RelayHttp;
  readonly #downloads: Downloads;
  readonly #store: NodeStore;
  readonly #held = new Map<string, ReadBase>();
  #opened: Opened | null = null;

  constructor(runtime: Runtime, network: Network, relay: URL) {
    this.#http = new RelayHttp(network, runtime, relay);
    this.#downloads = new Downloads(this.#http, runtime);
    this.#store = new NodeStore(runtime, this.#http);
  }

  /**
   * The run with this id, and its tokenizer.
   * @throws TapestryError `relay.unreachable`, `relay.wrong-run`, `relay.bad-manifest`, `relay.wrong-protocol`, `relay.too-many` or
   * `tokenizer.*`
   */
  async open(run: string, signal: AbortSignal): Promise<ReadRun> {
    const { terms, tokenizer } = await this.#open(run, signal);
    const { name, config, layout, localSteps } = terms;
    return { run, name, config, layout, localSteps, tokenizer };
  }

  /**
   * A base of the run: that with this hash, or for null the one that the first round began with.
   * @throws TapestryError the errors of `open`, and `relay.bad-blob`
   */
  async base(run: string, hash: string | null, signal: AbortSignal): Promise<ReadBase> {
    const { terms, initialBase } = await this.#open(run, signal);
    const wanted = hash ?? initialBase;
    const base = this.#held.get(wanted) ?? (await this.#read(terms, wanted, signal));
    // The one that was used last is dropped last.
    this.#held.delete(wanted);
    this.#held.set(wanted, base);
    const [oldest] = this.#held.keys();
    if (this.#held.size > heldBases && oldest !== undefined) this.#held.delete(oldest);
    return base;
  }

  async #open(run: string, signal: AbortSignal): Promise<Opened> {
    if (this.#opened?.terms.run === run) return this.#opened;
    const { signed, manifest } = await servedManifest(this.#http, signal);
    const terms = await readRunTerms(signed.manifest, signed.signature);
    if (terms.run !== run) {
      throw new TapestryError('relay.wrong-run', 'The relay serves another run now.', 'Reload the page.');
    }
    const initialBase = toHex(manifest.initialBase);
    const tokenizer = await this.#store.tokenizer(terms, signal);
    this.#held.clear();
    this.#opened = { terms, initialBase, tokenizer };
    return this.#opened;
  }

  async #read(terms: RunTerms, hash: string, signal: AbortSignal): Promise<ReadBase> {
    const stored = await this.#store.storedBase(terms, hash);
    if (stored !== null) return { hash, parameters: stored };
    const bytes = await this.#downloads.blob(hash, terms.layout.length * 4, signal);
    return { hash, parameters: new Float32Array(bytes.buffer) };
  }
}
