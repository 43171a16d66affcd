import { silence as unanswered } from '../../../../client/contribute/protocol/liveness.ts';
import type { GrantedPart } from '../../../../client/contribute/session/part.ts';
import type { Effect } from '../../../../client/contribute/session/state.ts';
import { Random } from '../../../../client/random.ts';
import { defaultLimits } from '../../../../relay/server/limits.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { BaseInvariants } from '../invariants/base-invariants.ts';
import { broken } from '../invariants/invariant.ts';
import { QualityInvariants } from '../invariants/quality-invariants.ts';
import { RelayInvariants } from '../invariants/relay-invariants.ts';
import type { VirtualEntry } from '../relay/journal.ts';
import type { RelayOptions, RelayWorld } from '../relay/process.ts';
import { VirtualRelay } from '../relay/relay.ts';
import { stalenessOf } from '../relay/round-options.ts';
import { type EvaluatorDevice, type EvaluatorWorld, VirtualEvaluator } from './evaluator.ts';
import { EventQueue } from './event-queue.ts';
import type { Machines } from './machines.ts';
import { messageBytes, type NodeNumber, type ToNode, type ToRelay } from './messages.ts';
import { type Link, linkOf, Network, type NetworkFaults } from './network.ts';
import { type NodeWorld, VirtualNode } from './node.ts';
import { firstBase, type VirtualBase } from './virtual-base.ts';
import { VirtualDeltas } from './virtual-delta.ts';
import { virtualPart } from './virtual-part.ts';
import type { Work, WorkOwner } from './work.ts';

/** A line to the network: milliseconds one way, and bytes a millisecond. */
export interface Line {
  readonly latency: number;
  readonly upload: number;
  readonly download: number;
}

export interface WorldOptions {
  /** The clock that several worlds share; one of its own unless given. */
  readonly queue?: EventQueue;
  /** Decides everything that is drawn. */
  readonly seed: number;
  readonly machines: Machines;
  readonly devices: readonly {
    readonly speedClass: number;
    readonly stepMs: number;
    readonly line: Line;
    /** Claims all local steps of a round and does one. */
    readonly boasts?: boolean;
    /** What the node does instead of training. */
    readonly workOf?: (owner: WorkOwner) => Work;
  }[];
  readonly relay: RelayOptions & { readonly line: Line };
  /** Who scores contributions beside the relay. */
  readonly evaluators?: readonly (Omit<EvaluatorDevice, 'link'> & { readonly line: Line })[];
  readonly baseBytes: number;
  /** The run grants its upper layers to nodes that are too slow for the whole model. */
  readonly grantsPart?: boolean;
  /** How often nodes report; null where no report matters. */
  readonly heartbeatMs: number | null;
  readonly network: NetworkFaults;
}

/** What watches a world: measurements, and traces. */
export interface Watcher {
  entry(entry: VirtualEntry, connected: ReadonlySet<NodeNumber>): void;
  effect(node: VirtualNode, effect: Effect): void;
  fault(text: () => string): void;
}

/** After so much silence the relay gives a connection up, and a node: two heartbeats on both sides. */
const silence = {
  relay: defaultLimits.silence,
  node: unanswered.heartbeats * defaultLimits.heartbeat,
} as const;

/** How long an attempt to connect takes where nothing answers. */
const connectMs = 10_000;

/** Round trips from the start of a connection to its first message: TCP, TLS, WebSocket. */
const openingTrips = 3;

/** A relay, its nodes and the network between them, on one virtual clock. The same options give the same events. */
export class World implements RelayWorld, NodeWorld, EvaluatorWorld {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly machines: Machines;
  readonly invariants: RelayInvariants;
  readonly network: Network;
  readonly relay: VirtualRelay;
  readonly nodes: readonly VirtualNode[];
  readonly evaluators: readonly VirtualEvaluator[];
  /** What contributions are like, where they are measured. */
  readonly deltas: VirtualDeltas;
  readonly payloadBytes: number;
  readonly silenceMs = silence.node;
  readonly isTimed: boolean;
  readonly part: GrantedPart | null;
  readonly staleness: number;
  readonly heartbeatMs: number | null;
  /** Sequences of the entries that were acknowledged. */
  readonly acknowledged: number[] = [];
  readonly #options: WorldOptions;
  readonly #watcher: Watcher;
  #clockAhead = 0;
  #waited: Promise<void>[] = [];

  constructor(options: WorldOptions, watcher: Watcher) {
    this.#options = options;
    this.#watcher = watcher;
    this.queue = options.queue ?? new EventQueue();
    this.random = Random.seeded(options.seed);
    this.machines = options.machines;
    const { relay } = options;
    this.isTimed = relay.pace !== null;
    this.part = options.grantsPart === true ? virtualPart(this.isTimed) : null;
    this.heartbeatMs = options.heartbeatMs;
    const slack = 2 * relay.tick + 4 * relay.sync + relay.merge;
    const isAwaited = () => this.relay.upstream?.machine.isAwaited ?? false;
    this.staleness = stalenessOf(relay);
    this.deltas = relay.quality?.deltas ?? new VirtualDeltas([]);
    this.network = new Network(this.queue, this.random, options.network, lineOf(relay.line));
    this.invariants = new RelayInvariants(relay.limits, slack, {
      ...{ isAwaited, staleness: this.staleness, isHeard: this.network.isOrdered },
      quality: relay.quality && new QualityInvariants(relay.quality),
      bases: relay.bases && new BaseInvariants(relay.bases, firstBase),
    });
    this.payloadBytes = relay.payloadBytes;
    this.relay = new VirtualRelay(this, relay);
    this.nodes = options.devices.map(
      ({ line, ...device }, number) => new VirtualNode(number, { ...device, link: lineOf(line) }, this),
    );
    this.evaluators = (options.evaluators ?? []).map(
      ({ line, ...device }, number) => new VirtualEvaluator(number, { ...device, link: lineOf(line) }, this),
    );
  }

  wait(work: Promise<void>): void {
    this.#waited.push(work);
  }

  /** Runs the next event, and all that follows from it at that moment. False if none waits. Rejects with an InvariantError. */
  async step(): Promise<boolean> {
    const isLeft = this.queue.step();
    while (this.#waited.length > 0) await Promise.all(this.#waited.splice(0));
    return isLeft;
  }

  elapsed(): number {
    return this.queue.now + this.#clockAhead;
  }

  /** The relay's clock jumps ahead, as after the machine was suspended. */
  jumpClock(milliseconds: number): void {
    this.#watcher.fault(() => `the relay's clock jumps ahead by ${seconds(milliseconds)}`);
    this.#clockAhead += milliseconds;
    this.invariants.clockJumped(milliseconds);
  }

  crashRelay(): void {
    this.#watcher.fault(() => 'the relay crashes');
    this.relay.crash();
    for (const node of this.nodes) this.#toNode(node, node.connection, { kind: 'closed' });
  }

  startRelay(): void {
    if (this.relay.alive) return;
    this.#watcher.fault(() => 'the relay starts');
    this.relay.start();
  }

  failDisk(milliseconds: number): void {
    this.#watcher.fault(() => `the relay's disk fails for ${seconds(milliseconds)}`);
    this.relay.failDisk(this.queue.now + milliseconds);
  }

  crashNode(node: VirtualNode): void {
    this.#watcher.fault(() => `node ${node.number} crashes`);
    node.crash();
  }

  startNode(node: VirtualNode): void {
    if (node.runs) return;
    this.#watcher.fault(() => `node ${node.number} starts`);
    node.start();
  }

  /** Cuts a node off until the returned function is called. Both ends notice it by silence. */
  cut(node: VirtualNode): () => void {
    this.#watcher.fault(() => `node ${node.number} is cut off`);
    const { link } = node.device;
    const { connection } = node;
    let isCut = true;
    link.cuts++;
    this.queue.after(silence.node, () => {
      if (isCut) node.fellSilent(connection);
    });
    this.queue.after(silence.relay, () => {
      if (isCut) this.relay.closed(node.number, connection);
    });
    return () => {
      if (!isCut) return;
      this.#watcher.fault(() => `node ${node.number} is reached again`);
      isCut = false;
      if (--link.cuts === 0) this.network.resume(link);
      // The next message on a connection that the relay gave up is answered with a reset.
      if (!this.relay.holds(node.number, connection)) this.#toNode(node, connection, { kind: 'closed' });
    };
  }

  sendToNode(number: NodeNumber, connection: number, message: ToNode): void {
    const node = this.nodes[number];
    if (node !== undefined) this.#toNode(node, connection, message);
  }

  connect(node: VirtualNode, done: (answers: boolean) => void): void {
    const { link } = node.device;
    const trip = 2 * link.latency;
    if (link.cuts > 0) this.queue.after(connectMs, () => done(false));
    else this.queue.after(openingTrips * trip, () => done(this.relay.alive && link.cuts === 0));
  }

  download(node: VirtualNode, hash: Hash, done: (base: VirtualBase | null) => void): () => void {
    const base = this.relay.baseOf(hash);
    const { link } = node.device;
    if (base === undefined || link.cuts > 0) {
      this.queue.after(connectMs, () => done(null));
      return () => {};
    }
    return this.network.download(
      link,
      this.#options.baseBytes,
      () => done(this.relay.alive ? base : null),
      () => done(null),
    );
  }

  told(node: VirtualNode, effect: Effect): void {
    if (effect.kind === 'accept' && effect.sequence !== null) this.acknowledged.push(effect.sequence);
    if (effect.kind === 'follow' && this.part !== null && node.session.part?.part !== 'upper')
      broken('part-first', `node ${node.number} only follows, and could train the upper layers`);
    this.#watcher.effect(node, effect);
  }

  journaled(entry: VirtualEntry, connected: ReadonlySet<NodeNumber>): void {
    this.#watcher.entry(entry, connected);
  }

  #toNode(node: VirtualNode, connection: number, message: ToNode): void {
    // A node whose connection ended without a word notices that its heartbeats stay unanswered.
    const lost = message.kind === 'closed' ? () => node.fellSilent(connection) : undefined;
    this.network.down(node.device.link, messageBytes, () => node.received(connection, message), lost);
  }

  sendToRelay(node: VirtualNode, message: ToRelay): void {
    const bytes = messageBytes + (message.kind === 'chunk' ? message.to - message.from : 0);
    // A connection whose end does not arrive is given up after its silence.
    const lost =
      message.kind === 'close' ? () => this.relay.closed(message.node, message.connection) : undefined;
    this.network.up(node.device.link, bytes, () => this.relay.received(message), lost);
  }
}

function lineOf({ latency, upload, download }: Line): Link {
  return linkOf(latency, upload, download);
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
