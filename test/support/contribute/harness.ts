import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTokenizer } from '../../../apps/cli/run/run-tokenizer.ts';
import { Contributor, type ContributorOptions } from '../../../client/contribute/contributor.ts';
import type { ContributorEvent } from '../../../client/contribute/events.ts';
import type { Network } from '../../../client/contribute/network.ts';
import { joinMilliseconds } from '../../../client/contribute/protocol/relay-client.ts';
import { manifestModel } from '../../../client/contribute/run-model.ts';
import type { RunTerms } from '../../../client/contribute/run-terms.ts';
import { type Corpus, corpusFromTexts } from '../../../client/data/corpus.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { nodeNetwork } from '../../../client/host/node/network.ts';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { upperLayers } from '../../../client/model/upper-layers.ts';
import { stallMilliseconds } from '../../../client/relay-http.ts';
import type { Runtime } from '../../../client/runtime.ts';
import type { StrategyDraft } from '../../../relay/run/manifest.ts';
import type { NewRun } from '../../../relay/run/run.ts';
import { type Relay, type RelayOptions, startRelay } from '../../../relay/server/server.ts';
import { denseCodec } from '../../../relay/wire/codec/dense.ts';
import { type SparseSettings, sparseCodec } from '../../../relay/wire/codec/sparse.ts';
import { stridedFragments, wholeModel } from '../../../relay/wire/fragments.ts';

export const tinyConfig: ModelConfig = {
  vocabularySize: 260,
  layers: 1,
  dimension: 32,
  heads: 2,
  keyValueHeads: 1,
  feedForward: 64,
  contextLength: 16,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
};

const localSteps = 40;

/** A node's view of the terms of a run of two rounds. */
export const tinyTerms: RunTerms = {
  run: '00'.repeat(32),
  runBytes: new Uint8Array(32),
  name: 'tiny',
  corpora: [],
  relayKey: new Uint8Array(32),
  config: tinyConfig,
  tokenizer: { kind: 'bytes' },
  layout: layoutOf(tinyConfig),
  shape: { batch: 2, sequence: 16 },
  optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 },
  trainer: {},
  schedule: { kind: 'cosine', peak: 1e-2, warmupSteps: 4, totalSteps: 2 * localSteps, finalFraction: 0.1 },
  rounds: 2,
  localSteps,
  codec: denseCodec({ bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 10 }),
  downlink: null,
  isTimed: false,
  staleness: 0,
  fragments: wholeModel(layoutOf(tinyConfig).length),
  localShare: null,
};

/** A time that no machine reaches. */
const hour = 3_600_000;

export interface TinyRun {
  readonly rounds: number;
  readonly localSteps: number;
  readonly quorum: number;
  readonly target: number;
  readonly deadlineMs?: number;
  readonly graceMs?: number;
  /** Timed rounds; fixed steps unless given. */
  readonly timed?: { readonly leastSteps: number; readonly stretch: number };
  /** Contributions as they arrive; fixed steps unless given. */
  readonly arrivals?: { readonly maxStaleness: number; readonly leastSteps: number };
  /** A tokenizer.json; bytes unless given. */
  readonly tokenizer?: Uint8Array<ArrayBuffer>;
  /** Of the tokenizer; ChatML unless given. */
  readonly chatTemplate?: string;
  /** The settings of a sparse codec; the dense codec unless given. */
  readonly sparse?: SparseSettings;
  /** How bases reach nodes; whole unless given. */
  readonly downlink?: NonNullable<NewRun['manifest']['downlink']>;
  /** A fragment a round; the whole model unless given. */
  readonly fragments?: { readonly count: number; readonly block: number; readonly localShare: number | null };
  /** The upper layers that the run grants, of one layer more; a model of one layer, and none granted, unless given. */
  readonly upperLayers?: number;
  /** Changes to AdamW, a cosine and f32. */
  readonly strategy?: Partial<StrategyDraft>;
}

/** A run of a model of a few thousand parameters on two corpora' text. */
export function tinyRun(run: TinyRun): NewRun {
  const options = run.chatTemplate === undefined ? {} : { chatTemplate: run.chatTemplate };
  const tokenizer = run.tokenizer ? tokenizerFromFile(run.tokenizer, options) : byteTokenizer;
  const { vocabularySize } = tokenizer;
  const { upperLayers: granted } = run;
  const config = { ...tinyConfig, vocabularySize, ...(granted !== undefined && { layers: granted + 1 }) };
  const layout = layoutOf(config);
  const named = runTokenizer(tokenizer, config.contextLength);
  const grid = { bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 10 };
  const [batch, sequence] = [2, 16];
  const { length: values } = run.fragments ? stridedFragments(layout.length, run.fragments) : layout;
  return {
    manifest: {
      version: 2,
      name: 'tiny',
      created: 1n,
      model: manifestModel(config, layout),
      tokenizer: named.manifest,
      strategy: {
        rounds: run.rounds,
        localSteps: run.localSteps,
        batch,
        sequence,
        learningRate: 1e-2,
        warmupSteps: 2,
        finalFraction: 0.1,
        accumulation: 1,
        recompute: false,
        gradientClip: 1,
        inner: { case: 'adamw', value: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 } },
        schedule: { case: 'cosine', value: {} },
        precision: { case: 'f32', value: {} },
        outer: { case: 'nesterov', value: { learningRate: 0.7, momentum: 0.9 } },
        part: partOf(run, config),
        ...run.strategy,
      },
      codec: run.sparse ? { case: 'sparse', value: run.sparse } : { case: 'dense', value: grid },
      merge: { case: 'weightedMean', value: {} },
      limits: {
        quorum: run.quorum,
        target: run.target,
        deadlineMs: run.deadlineMs ?? hour,
        graceMs: run.graceMs ?? hour,
        graceShare: 50,
        weightShare: 100,
        payloadRounds: 0,
        payloadBytes: (run.sparse ? sparseCodec(run.sparse) : denseCodec(grid)).payloadBytes(values),
        maxTokens: run.localSteps * batch * sequence,
        maxNodes: 8,
      },
      lane: { case: 'open', value: {} },
      guard: { case: 'unguarded', value: {} },
      norm: { case: 'following', value: { factor: 4, rounds: 4 } },
      pace: paceOf(run),
      downlink: run.downlink ?? { case: 'full', value: {} },
      quality: { case: 'claimed', value: {} },
      contributionReaders: { case: 'anyone', value: {} },
      corpora: ['even', 'odd'],
    },
    initialBase: initialParameters(config, layout, 1),
    ...(named.files === undefined ? {} : { tokenizer: named.files }),
  };
}

function partOf(
  { fragments, upperLayers: granted }: TinyRun,
  config: ModelConfig,
): NonNullable<StrategyDraft['part']> {
  if (granted !== undefined) {
    const { layers, from } = upperLayers(config, granted);
    return { case: 'upperLayers', value: { layers, from } };
  }
  if (fragments === undefined) return { case: 'wholeModel', value: {} };
  const { count, block, localShare } = fragments;
  return {
    case: 'fragments',
    value: {
      ...{ count, block },
      arrival:
        localShare === null
          ? { case: 'beforeSteps', value: {} }
          : { case: 'afterSteps', value: { localShare } },
    },
  };
}

function paceOf({ timed, arrivals }: TinyRun): NonNullable<NewRun['manifest']['pace']> {
  if (arrivals) return { case: 'arrivals', value: arrivals };
  return timed ? { case: 'timed', value: timed } : { case: 'fixedSteps', value: {} };
}

/** Regular text, enough for a tiny model to learn from in a few steps. */
export function tinyCorpus(name: string): Corpus {
  const words = name === 'even' ? ['two ', 'four ', 'six '] : ['one ', 'three ', 'five '];
  return corpusFromTexts(name, [words.join('').repeat(60)]);
}

/** Folders, relays and nodes of one test; `close` ends and removes all of it. */
export class Stage {
  readonly #closing: (() => Promise<unknown>)[] = [];

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tapestry-contribute-'));
    this.#closing.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  async relay(options: Partial<RelayOptions> & { folder: string }): Promise<Relay> {
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const relay = await startRelay({
      host: '127.0.0.1',
      port: 0,
      tls: 'off',
      pages: null,
      log: quiet,
      limits: {
        tick: 10,
        statusInterval: 20,
        close: 200,
        heartbeat: 100,
        silence: hour,
        seatsPerAddress: 64,
      },
      ...options,
    });
    this.#closing.push(() => relay.close());
    return relay;
  }

  /** Calls `close` when the stage closes, before all that was made earlier is closed. */
  onClose(close: () => Promise<unknown>): void {
    this.#closing.push(close);
  }

  /** Starts a node; the stage ends it when it closes. */
  node(folder: string, relay: URL, options: Partial<NodeOptions> = {}): TestNode {
    const { runtime = nodeRuntime({ folder }) } = options;
    const { network = nodeNetwork(runtime.files) } = options;
    const node = new TestNode(runtime, network, relay, options);
    this.#closing.push(() => node.leave());
    return node;
  }

  async close(): Promise<void> {
    for (const end of this.#closing.splice(0).reverse()) await end();
  }
}

interface NodeOptions extends Pick<ContributorOptions, 'power' | 'token' | 'run' | 'witness'> {
  readonly runtime: Runtime;
  readonly network: Network;
  readonly corpusName: string;
  /** By default regular text that differs with `corpusName`. */
  readonly corpus: Corpus;
  readonly seed: number;
  /** Called with each event when it is emitted. */
  readonly onEvent: (event: ContributorEvent) => void;
}

/** The milliseconds that a node waits for a relay that does not answer. */
const bounds: ReadonlySet<number> = new Set([joinMilliseconds, stallMilliseconds]);

/** A runtime that sleeps at most `most` milliseconds, except where a node waits for an answer. */
export function impatient(runtime: Runtime, most: number): Runtime {
  const shortened = (milliseconds: number) =>
    bounds.has(milliseconds) ? milliseconds : Math.min(milliseconds, most);
  return { ...runtime, sleep: (milliseconds, signal) => runtime.sleep(shortened(milliseconds), signal) };
}

/** A contributor and all its events. */
export class TestNode {
  readonly contributor: Contributor;
  readonly events: ContributorEvent[] = [];
  /** Resolves with the reason for which `run` rejected, or undefined. */
  readonly done: Promise<unknown>;
  readonly #leaving = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor(
    runtime: Runtime,
    network: Network,
    relay: URL,
    { corpusName = 'even', seed = 1, ...rest }: Partial<NodeOptions>,
  ) {
    const { power, token, run, witness, corpus = tinyCorpus(corpusName), onEvent = () => undefined } = rest;
    this.contributor = new Contributor(runtime, network, {
      relay,
      corpus,
      corpusName,
      seed,
      onEvent: (event) => {
        this.events.push(event);
        onEvent(event);
        for (const listener of this.#listeners) listener();
      },
      ...(power === undefined ? {} : { power }),
      ...(token === undefined ? {} : { token }),
      ...(run === undefined ? {} : { run }),
      ...(witness === undefined ? {} : { witness }),
    });
    this.done = this.contributor.run(this.#leaving.signal).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  all<Name extends ContributorEvent['event']>(name: Name): (ContributorEvent & { event: Name })[] {
    return this.events.filter((event): event is ContributorEvent & { event: Name } => event.event === name);
  }

  /** The first event of the kind for which `holds` is true; waits for it if none has come. */
  async said<Name extends ContributorEvent['event']>(
    name: Name,
    holds: (event: ContributorEvent & { event: Name }) => boolean = () => true,
  ): Promise<ContributorEvent & { event: Name }> {
    for (;;) {
      const found = this.all(name).find(holds);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const heard = () => {
          this.#listeners.delete(heard);
          resolve();
        };
        this.#listeners.add(heard);
      });
    }
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.done;
  }
}
