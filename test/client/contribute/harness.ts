import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agreement } from '../../../client/contribute/agreement.ts';
import { Contributor, type ContributorOptions } from '../../../client/contribute/contributor.ts';
import type { ContributorEvent } from '../../../client/contribute/events.ts';
import type { Host } from '../../../client/contribute/host.ts';
import { joinMilliseconds } from '../../../client/contribute/uplink.ts';
import { type Corpus, corpusFromDocuments } from '../../../client/data/corpus.ts';
import { nodeHost } from '../../../client/host/node.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import type { NewRun } from '../../../relay/run.ts';
import { type Relay, type RelayOptions, startRelay } from '../../../relay/server.ts';
import { densePayloadBytes } from '../../../relay/wire/dense.ts';
import { fromHex } from '../../../relay/wire/hex.ts';
import { CodecKind, Lane, Tokenizer } from '../../../relay/wire/tapestry_pb.js';

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

/** What a node knows of a run of two rounds. */
export const tinyAgreement: Agreement = {
  run: '00'.repeat(32),
  runBytes: new Uint8Array(32),
  name: 'tiny',
  nations: [],
  relayKey: new Uint8Array(32),
  config: tinyConfig,
  layout: layoutOf(tinyConfig),
  shape: { batch: 2, sequence: 16 },
  optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 },
  schedule: { kind: 'cosine', peak: 1e-2, warmupSteps: 4, totalSteps: 2 * localSteps, finalFraction: 0.1 },
  rounds: 2,
  localSteps,
  codec: { bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 10 },
};

/** As good as never: no machine is so slow. */
const hour = 3_600_000;

export interface TinyRun {
  readonly rounds: number;
  readonly localSteps: number;
  readonly quorum: number;
  readonly target: number;
  readonly deadlineMs?: number;
  readonly graceMs?: number;
}

/** A run of a model of a few thousand parameters on two nations' text. */
export function tinyRun(run: TinyRun): NewRun {
  const layout = layoutOf(tinyConfig);
  const grid = { bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 10 };
  const [batch, sequence] = [2, 16];
  return {
    manifest: {
      version: 1,
      name: 'tiny',
      created: 1n,
      model: { ...tinyConfig, parameters: layout.length, layout: fromHex(layout.hash) },
      tokenizer: Tokenizer.BYTES,
      strategy: {
        rounds: run.rounds,
        localSteps: run.localSteps,
        batch,
        sequence,
        learningRate: 1e-2,
        warmupSteps: 2,
        finalFraction: 0.1,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weightDecay: 0.1,
        gradientClip: 1,
        outerLearningRate: 0.7,
        outerMomentum: 0.9,
      },
      codec: { kind: CodecKind.DENSE, ...grid },
      limits: {
        quorum: run.quorum,
        target: run.target,
        deadlineMs: run.deadlineMs ?? hour,
        graceMs: run.graceMs ?? hour,
        payloadBytes: densePayloadBytes(layout.length, grid),
        maxTokens: run.localSteps * batch * sequence,
        maxNodes: 8,
      },
      lane: Lane.OPEN,
      nations: ['even', 'odd'],
    },
    initialBase: initialParameters(tinyConfig, layout, 1),
  };
}

/** Enough regular text for a tiny model to learn something of in a few steps. */
export function tinyCorpus(name: string): Corpus {
  const words = name === 'even' ? ['two ', 'four ', 'six '] : ['one ', 'three ', 'five '];
  return corpusFromDocuments(name, [{ name, text: words.join('').repeat(60) }]);
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
      limits: { tick: 10, statusInterval: 20, close: 200, heartbeat: 100, silence: hour },
      ...options,
    });
    this.#closing.push(() => relay.close());
    return relay;
  }

  /** A node that has begun to run; the stage sees it out. */
  node(folder: string, relay: URL, options: Partial<NodeOptions> = {}): TestNode {
    const node = new TestNode(options.host ?? nodeHost({ folder }), relay, options);
    this.#closing.push(() => node.leave());
    return node;
  }

  async close(): Promise<void> {
    for (const end of this.#closing.splice(0).reverse()) await end();
  }
}

interface NodeOptions extends Pick<ContributorOptions, 'power' | 'token' | 'run'> {
  readonly host: Host;
  readonly nation: string;
  /** Regular text of the nation's own unless given. */
  readonly corpus: Corpus;
  readonly seed: number;
  /** Called with each event as it comes. */
  readonly onEvent: (event: ContributorEvent) => void;
}

/** A host that waits no longer than `most` milliseconds, but for a relay's answer as long as any. */
export function impatient(host: Host, most: number): Host {
  const shortened = (milliseconds: number) =>
    milliseconds === joinMilliseconds ? milliseconds : Math.min(milliseconds, most);
  return { ...host, sleep: (milliseconds, signal) => host.sleep(shortened(milliseconds), signal) };
}

/** A contributor and all it said. */
export class TestNode {
  readonly contributor: Contributor;
  readonly events: ContributorEvent[] = [];
  /** Resolves with what `run` rejected with, or undefined. */
  readonly done: Promise<unknown>;
  readonly #leaving = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor(host: Host, relay: URL, { nation = 'even', seed = 1, ...rest }: Partial<NodeOptions>) {
    const { power, token, run, corpus = tinyCorpus(nation), onEvent = () => undefined } = rest;
    this.contributor = new Contributor(host, {
      relay,
      corpus,
      nation,
      seed,
      onEvent: (event) => {
        this.events.push(event);
        onEvent(event);
        for (const listener of this.#listeners) listener();
      },
      ...(power === undefined ? {} : { power }),
      ...(token === undefined ? {} : { token }),
      ...(run === undefined ? {} : { run }),
    });
    this.done = this.contributor.run(this.#leaving.signal).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  all<Name extends ContributorEvent['event']>(name: Name): (ContributorEvent & { event: Name })[] {
    return this.events.filter((event): event is ContributorEvent & { event: Name } => event.event === name);
  }

  /** The next or an earlier event of the kind for which `holds`. */
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

/** Adapters whose devices a test is told of, and can take away. */
export function watchDevices(gpu: GPU, onDevice: (device: GPUDevice) => void): GPU {
  return new Proxy(gpu, {
    get(target, name) {
      if (name !== 'requestAdapter') return Reflect.get(target, name, target);
      return async (options?: GPURequestAdapterOptions) => {
        const adapter = await target.requestAdapter(options);
        if (adapter === null) return null;
        return new Proxy(adapter, {
          get(inner, key) {
            const value: unknown = Reflect.get(inner, key, inner);
            if (key !== 'requestDevice') return typeof value === 'function' ? value.bind(inner) : value;
            return async (descriptor?: GPUDeviceDescriptor) => {
              const device = await inner.requestDevice(descriptor);
              onDevice(device);
              return device;
            };
          },
        });
      };
    },
  });
}
