import { Random } from '../../../../client/random.ts';
import { defaultLimits } from '../../../../relay/server/limits.ts';
import { broken } from '../invariants/invariant.ts';
import { machines } from '../world/machines.ts';
import type { VirtualNode } from '../world/node.ts';
import { World } from '../world/world.ts';
import type { ChurnChange } from './churn-trace.ts';
import {
  type DeviceClass,
  deviceClasses,
  operationsPerToken,
  trainingBytesPerParameter,
} from './device-classes.ts';
import { Measurements } from './measurements.ts';

export interface ScaleOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly parameters: number;
  readonly rounds: number;
  readonly localSteps: number;
  readonly tokensPerStep: number;
  readonly deadlineMs: number;
  readonly graceMs: number;
  /** The grace begins once more than so many per cent of the nodes have contributed. */
  readonly graceShare: number;
  /** Rounds are timed: a node does at least `leastSteps`, and a round lasts up to `stretch` per cent of the fastest node's. Null for fixed steps. */
  readonly timed: { readonly leastSteps: number; readonly stretch: number } | null;
  /** Part of the nodes that a round needs, in per cent. */
  readonly quorum: number;
  /** Bits a parameter of a contribution, and of a base that a node downloads. */
  readonly uplinkBits: number;
  readonly downlinkBits: number;
  /** The relay's line, Mbit/s each way. */
  readonly relayMbit: number;
  /** Part of the packets that are lost, in per cent. */
  readonly loss: number;
  /** Who comes and goes; null draws it from the device classes. */
  readonly trace: readonly ChurnChange[] | null;
}

/** Bytes a millisecond of 1 Mbit/s. */
const mbit = 125;

const minute = 60_000;

/** A run that makes no round within so many deadlines does not end. */
const deadlinesMost = 20;

/** The relay's own times: a sync of a disk, and the sum of a round at memory speed. */
const syncMs = 10;
const mergedBytesPerMs = 1e6;

/** A run of many devices without planned faults: only devices that come and go, and lossy lines. */
export class ScaleRun {
  readonly world: World;
  readonly measured: Measurements;
  readonly options: ScaleOptions;
  readonly payloadBytes: number;
  readonly baseBytes: number;
  /** Classes whose memory holds the model. */
  readonly able: readonly boolean[];
  readonly #random: Random;
  readonly #classOf: readonly number[];
  readonly #since = new Map<VirtualNode, number>();

  constructor(options: ScaleOptions) {
    this.options = options;
    const { nodes, parameters, seed } = options;
    this.#random = Random.seeded(seed, 2);
    this.payloadBytes = Math.ceil((parameters * options.uplinkBits) / 8);
    this.baseBytes = Math.ceil((parameters * options.downlinkBits) / 8);
    this.able = deviceClasses.map(({ memory }) => memory * 2 ** 30 >= parameters * trainingBytesPerParameter);
    this.#classOf = Array.from({ length: nodes }, () => this.#drawClass());
    this.measured = new Measurements(deviceClasses.length, this.#classOf, () => this.world.queue.now);
    this.world = new World(this.#worldOptions(), this.measured);
    this.world.startRelay();
    if (options.trace === null) for (const node of this.world.nodes) this.#comeAndGo(node);
    else this.#follow(options.trace);
  }

  /** Runs so many events, or to the end of the run. False at the end. */
  advance(events: number): boolean {
    const { queue, relay } = this.world;
    for (let event = 0; event < events; event++) {
      if (relay.isComplete || !queue.step()) break;
    }
    const { rounds, deadlineMs } = this.options;
    if (relay.isComplete) this.#end();
    else if (queue.now > deadlinesMost * (rounds + 1) * deadlineMs)
      broken(
        'run-ends',
        `the run is in round ${this.measured.rounds.length + 1} of ${rounds} and does not end`,
      );
    return !relay.isComplete;
  }

  #end(): void {
    for (const node of this.#since.keys()) this.#gone(node);
    this.world.invariants.ended(this.world.acknowledged);
  }

  #worldOptions() {
    const { options } = this;
    const { parameters, nodes, relayMbit, localSteps, tokensPerStep, rounds, deadlineMs, graceMs } = options;
    const { graceShare, timed } = options;
    const pace = timed && { ...timed, localSteps, deadlineMs, graceMs, graceShare };
    return {
      seed: options.seed,
      machines,
      devices: this.#classOf.map((speedClass) => ({
        speedClass,
        stepMs: tokensPerStep / this.#tokensPerMs(speedClass),
        line: lineOf(deviceClasses[speedClass]),
      })),
      relay: {
        limits: {
          rounds,
          quorum: Math.max(1, Math.ceil((nodes * options.quorum) / 100)),
          target: nodes,
          ...{ deadlineMs, graceMs, graceShare: options.graceShare },
        },
        ...{ localSteps, tokensPerStep, payloadBytes: this.payloadBytes, pace },
        ...{ tick: 100, sync: syncMs, merge: (parameters * 4) / mergedBytesPerMs },
        line: { latency: 0, upload: relayMbit * mbit, download: relayMbit * mbit },
      },
      baseBytes: this.baseBytes,
      // Reports matter only where speeds are measured.
      heartbeatMs: timed === null ? null : defaultLimits.heartbeat,
      network: { loss: options.loss / 100, vanish: 0, duplicate: 0, reorder: 0 },
    };
  }

  #tokensPerMs(speedClass: number): number {
    const { gflops = 1 } = deviceClasses[speedClass] ?? {};
    return (gflops * 1e6) / (operationsPerToken * this.options.parameters);
  }

  #drawClass(): number {
    let drawn = this.#random.uniform() * 100;
    const found = deviceClasses.findIndex(({ share }) => {
      drawn -= share;
      return drawn < 0;
    });
    return found < 0 ? deviceClasses.length - 1 : found;
  }

  /** Draws when a device is there: uniform around the means of its class, which needs no transcendental functions. */
  #comeAndGo(node: VirtualNode): void {
    const { queue } = this.world;
    const { stays = 1, away = 1 } = deviceClasses[node.device.speedClass] ?? {};
    if (this.able[node.device.speedClass] !== true) return;
    const drawn = (mean: number) => 2 * mean * minute * this.#random.uniform();
    const come = () => {
      this.#come(node);
      queue.after(drawn(stays), go);
    };
    const go = () => {
      this.#go(node);
      queue.after(drawn(away), come);
    };
    if (this.#random.uniform() * (stays + away) < stays) queue.after(this.#random.below(minute), come);
    else queue.after(drawn(away), come);
  }

  #follow(trace: readonly ChurnChange[]): void {
    const { nodes, queue } = this.world;
    const first = new Map<number, ChurnChange['change']>();
    const heals = new Map<number, () => void>();
    for (const { node, change } of trace) if (!first.has(node)) first.set(node, change);
    for (const node of nodes)
      if (first.get(node.number) !== 'up') queue.after(this.#random.below(minute), () => this.#come(node));
    for (const { at, node: number, change } of trace) {
      const node = nodes[number];
      if (node === undefined) continue;
      queue.at(at, () => {
        if (change === 'up') this.#come(node);
        else if (change === 'down') this.#go(node);
        else {
          heals.get(number)?.();
          heals.delete(number);
          if (change === 'cut') heals.set(number, this.world.cut(node));
        }
      });
    }
  }

  #come(node: VirtualNode): void {
    if (this.able[node.device.speedClass] !== true) return;
    if (!this.#since.has(node)) this.#since.set(node, this.world.queue.now);
    this.world.startNode(node);
  }

  #go(node: VirtualNode): void {
    this.world.crashNode(node);
    this.#gone(node);
  }

  /** Counts what a device could have trained while it was there. */
  #gone(node: VirtualNode): void {
    const { speedClass } = node.device;
    const figures = this.measured.classes[speedClass];
    const since = this.#since.get(node);
    if (figures === undefined || since === undefined) return;
    figures.possible += (this.world.queue.now - since) * this.#tokensPerMs(speedClass);
    this.#since.delete(node);
  }
}

function lineOf(of: DeviceClass | undefined) {
  const { latency = 1, upload = 1, download = 1 } = of ?? {};
  return { latency, upload: upload * mbit, download: download * mbit };
}
