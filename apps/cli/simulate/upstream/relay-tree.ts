import type { Random } from '../../../../client/random.ts';
import { defaultLimits } from '../../../../relay/server/limits.ts';
import type { RelayOptions } from '../relay/process.ts';
import { EventQueue } from '../world/event-queue.ts';
import type { Machines } from '../world/machines.ts';
import type { VirtualNode } from '../world/node.ts';
import { traceOf } from '../world/trace.ts';
import { type Line, World } from '../world/world.ts';
import { NationalBases } from './national-bases.ts';
import { NationalWork } from './national-work.ts';
import { UpstreamInvariants } from './upstream-invariants.ts';

/** More rounds than a world has time for: these runs do not end by themselves. */
const endless = 1_000_000;

/** A relay below the upstream relay, in a world of its own. */
export interface National {
  readonly world: World;
  /** This relay as a node of the upstream relay. */
  readonly node: VirtualNode;
  /** The faults that keep it down, and those that let it run without its upstream relay. */
  down: number;
  alone: number;
}

/** An upstream relay, two or three relays below it with nodes of their own, and the networks between, on one virtual clock. */
export class RelayTree {
  readonly queue = new EventQueue();
  readonly upstream: World;
  readonly nationals: readonly National[];
  readonly invariants: UpstreamInvariants;
  /** The faults that keep the upstream relay down. */
  down = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(seed: number, random: Random, machines: Machines, trace?: (line: string) => void) {
    const count = 2 + random.below(2);
    const watcher = (name: string) =>
      traceOf(() => this.queue.now, trace && ((line) => trace(`${line}  (${name})`)));
    const base = { machines, queue: this.queue, baseBytes: 200_000, heartbeatMs: defaultLimits.heartbeat };
    const failed = (error: unknown) => {
      this.#failure ??= { error };
    };
    const below = Array.from({ length: count }, (_, number) => {
      const bases = new NationalBases(random.below(3) === 0 ? 1 + random.below(3) : null);
      const nodes = 1 + random.below(3);
      const world = new World(
        {
          ...{ ...base, seed: seed + number + 1, network: drawNetwork(random) },
          devices: Array.from({ length: nodes }, () => ({
            ...{ speedClass: 0, stepMs: 100 + random.below(3000), line: drawLine(random) },
          })),
          relay: {
            ...drawRelay(random, nodes),
            upstreamOf: (replay, tick) => bases.upstreamOf(machines, replay, tick, failed),
          },
        },
        watcher(`relay ${number}`),
      );
      return world;
    });
    this.upstream = new World(
      {
        ...{ ...base, seed, network: drawNetwork(random) },
        devices: below.map((world, number) => ({
          ...{ speedClass: 0, stepMs: 1, line: drawLine(random) },
          workOf: (owner) =>
            new NationalWork(owner, {
              ...{ number, failed },
              own: () => world.relay.upstream,
              made: (payload, sent) => this.invariants.made(payload, sent),
            }),
        })),
        relay: drawRelay(random, count),
      },
      watcher('upstream'),
    );
    this.invariants = new UpstreamInvariants(
      this.upstream.invariants,
      below.map(({ invariants }) => invariants),
    );
    this.nationals = this.upstream.nodes.flatMap((node, number) => {
      const world = below[number];
      return world === undefined ? [] : [{ world, node, down: 0, alone: 0 }];
    });
  }

  /** Starts or ends a relay below, as its faults say. A change of what it runs without begins a new process. */
  change(national: National, faults: Partial<Pick<National, 'down' | 'alone'>>): void {
    const { world, node } = national;
    const wasAlone = national.alone > 0;
    national.down += faults.down ?? 0;
    national.alone += faults.alone ?? 0;
    const isAlone = national.alone > 0;
    if (national.down > 0 || isAlone !== wasAlone) {
      this.upstream.crashNode(node);
      if (world.relay.alive) world.crashRelay();
    }
    if (national.down > 0) return;
    world.startRelay();
    this.revive(national);
  }

  /** Starts again what ended: a person does. */
  revive(national: National): void {
    for (const node of national.world.nodes) national.world.startNode(node);
    if (national.down === 0 && national.alone === 0) this.upstream.startNode(national.node);
  }

  /** Runs the next event, and all that follows from it at that moment. False if none waits. */
  async step(): Promise<boolean> {
    const isLeft = this.queue.step();
    // The upstream part of a run is asynchronous: its promises are resolved before time goes on.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#failure !== null) throw this.#failure.error;
    this.invariants.stepped();
    return isLeft;
  }
}

function drawRelay(random: Random, nodes: number): RelayOptions & { readonly line: Line } {
  const quorum = 1 + random.below(nodes);
  return {
    limits: {
      ...{ rounds: endless, quorum, target: nodes, deadlineMs: 1000 * (40 + random.below(60)) },
      ...{ graceMs: 1000 * (1 + random.below(20)), graceShare: random.below(100) },
    },
    ...{ pace: null, localSteps: 5, tokensPerStep: 512, payloadBytes: 100_000 },
    ...{ tick: 1000, sync: 1 + random.below(400), merge: random.below(2000) },
    line: { latency: 0, upload: 5000, download: 5000 },
  };
}

function drawLine(random: Random): Line {
  return {
    latency: 5 + random.below(300),
    upload: 50 + random.below(1000),
    download: 50 + random.below(1000),
  };
}

/**
 * Losses that TCP mends; half of the networks are quiet. No message vanishes on a connection that lasts: a receipt is sent before the
 * commit that it belongs to, so that whoever hears the commit has heard the receipt.
 */
function drawNetwork(random: Random) {
  const loss = random.below(2) === 0 ? 0 : random.uniform() * 0.1;
  return { loss, vanish: 0, duplicate: 0, reorder: 0 };
}
