import type { ContributorEvent } from '../../../client/contribute/events.ts';
import type { Network } from '../../../client/contribute/network.ts';
import { NodeStore } from '../../../client/contribute/round/node-store.ts';
import { RoundWork } from '../../../client/contribute/round/round-work.ts';
import type { WorkUntil } from '../../../client/contribute/round/trained-round.ts';
import type { Round } from '../../../client/contribute/session/state.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { type Adapter, openDevice } from '../../../client/gpu/device.ts';
import { nodeNetwork } from '../../../client/host/node/network.ts';
import { nodeGpu, nodeRuntime } from '../../../client/host/node/runtime.ts';
import { RelayHttp } from '../../../client/relay-http.ts';
import type { Runtime } from '../../../client/runtime.ts';
import { contentHash } from '../../../client/sha256.ts';
import { stepSites } from '../../../client/train/step-sites.ts';
import { memoryFiles, tuneNorms } from '../tuned-store.ts';
import { tinyCorpus, tinyTerms } from './harness.ts';

const never = new AbortController().signal;
const { config, shape, optimizer } = tinyTerms;

/** A folder's files by name. */
export type FileMap = Map<string, Uint8Array<ArrayBuffer>>;

interface RoundNodeOptions {
  /** The files of the node's folder; none by default. */
  readonly files: FileMap;
  readonly runtime: Partial<Runtime>;
  /** As what the adapter is presented. */
  readonly adapter: Partial<Adapter>;
  readonly onEvent: (event: ContributorEvent) => void;
}

/** A node's events and its store; every base is already downloaded. It trains rounds without a relay. */
export class RoundNode {
  readonly events: ContributorEvent[] = [];
  readonly files: FileMap;
  readonly runtime: Runtime;
  readonly network: Network;
  readonly #bases = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #open: RoundWork[] = [];
  readonly #onEvent: RoundNodeOptions['onEvent'];
  readonly #adapter: Partial<Adapter>;

  constructor({
    files = new Map(),
    runtime = {},
    adapter = {},
    onEvent = () => undefined,
  }: Partial<RoundNodeOptions> = {}) {
    this.files = files;
    this.#onEvent = onEvent;
    this.#adapter = adapter;
    const folder = memoryFiles(files);
    const cache = memoryFiles();
    this.runtime = { ...nodeRuntime({ folder: '/nowhere' }), files: folder, cache, ...runtime };
    this.network = {
      ...nodeNetwork(folder),
      fetch: async (url) => new Response(this.#bases.get(url.pathname.split('/').at(-1) ?? '')),
    };
  }

  get store(): NodeStore {
    const http = new RelayHttp(this.network, this.runtime, new URL('http://relay.example/'));
    return new NodeStore(this.runtime, http);
  }

  /** Makes the round's work as a newly started process does. */
  async start(terms = tinyTerms): Promise<RoundWork> {
    const tell = (event: ContributorEvent) => {
      this.events.push(event);
      this.#onEvent(event);
    };
    const options = { corpus: tinyCorpus('even'), tokenizer: byteTokenizer, seed: 5, power: 1, tell };
    const device = { ...(await openDevice(await this.runtime.gpu())), ...this.#adapter };
    const { work } = await RoundWork.open(this.runtime, device, this.store, terms, options);
    this.#open.push(work);
    return work;
  }

  /** A round that begins from these parameters, which its relay serves. */
  async round(
    round: number,
    parameters: Float32Array<ArrayBuffer>,
    localSteps = tinyTerms.localSteps,
    normBound = 1e3,
  ): Promise<Round> {
    const bytes = new Uint8Array(parameters.buffer.slice(0));
    const base = await contentHash(bytes);
    this.#bases.set(base, bytes);
    return { round, base, attempt: 0, localSteps, normBound };
  }

  /** A round's contribution; null where there is none. */
  async train(
    work: RoundWork,
    round: number,
    parameters: Float32Array<ArrayBuffer>,
    localSteps?: number,
    normBound?: number,
    workUntil: WorkUntil = () => Number.POSITIVE_INFINITY,
    signal = never,
  ) {
    const opened = await this.round(round, parameters, localSteps, normBound);
    await work.sync(opened, signal);
    return work.train(opened, workUntil, signal);
  }

  /** Stores the choices that `tapestry bench tune` would. */
  async tune(): Promise<void> {
    const device = await openDevice(await nodeGpu());
    await tuneNorms(this.runtime.cache, device, stepSites(device, config, shape, optimizer));
    device.close();
  }

  all<Name extends ContributorEvent['event']>(name: Name): (ContributorEvent & { event: Name })[] {
    return this.events.filter((event): event is ContributorEvent & { event: Name } => event.event === name);
  }

  changes() {
    return this.all('kernels-changed').map(({ change }) => change);
  }

  close(): void {
    for (const work of this.#open) work.training.close();
  }
}
