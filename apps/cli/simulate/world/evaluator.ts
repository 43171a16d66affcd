import { create } from '@bufbuild/protobuf';
import { fromHex, type Hash } from '../../../../relay/wire/hex.ts';
import { type Evaluation, EvaluationSchema } from '../../../../relay/wire/tapestry_pb.js';
import type { OpenAttempt } from '../relay/journal.ts';
import { evaluatorKey } from '../relay/quality-options.ts';
import type { EventQueue } from './event-queue.ts';
import { messageBytes } from './messages.ts';
import type { Link, Network } from './network.ts';
import type { VirtualDeltas } from './virtual-delta.ts';

/** What an evaluator is like. */
export interface EvaluatorDevice {
  readonly link: Link;
  /** Milliseconds that one evaluation takes. */
  readonly takesMs: number;
  /** It says the opposite of what it measures. */
  readonly lies: boolean;
  /** It sends another evaluation whenever it sends. */
  readonly wavers: boolean;
}

/** What an evaluator needs of its world. */
export interface EvaluatorWorld {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly deltas: VirtualDeltas;
  readonly relay: {
    readonly closedAttempt: OpenAttempt | null;
    /** Sequences of its contributions that are scored. */
    readonly scored: readonly number[];
    evaluated(evaluation: Evaluation): void;
  };
}

/** How often it looks for a round that is closed. */
const looksMs = 2_000;

/** What it was asked to score: the payloads in their order. */
interface Task {
  readonly round: number;
  readonly attempt: number;
  readonly closedBy: Hash;
  readonly payloads: readonly Hash[];
}

/** Whoever scores contributions in a virtual world, as `tapestry evaluate` does: it looks for closed rounds, and sends until it is answered. */
export class VirtualEvaluator {
  readonly number: number;
  readonly device: EvaluatorDevice;
  readonly #world: EvaluatorWorld;
  /** The attempt whose evaluation the relay answered, or that it works on. */
  #done: Hash | null = null;
  #works: Hash | null = null;
  #sent = 0;
  #process: number | null = null;
  #processes = 0;

  constructor(number: number, device: EvaluatorDevice, world: EvaluatorWorld) {
    this.number = number;
    this.device = device;
    this.#world = world;
  }

  start(): void {
    if (this.#process !== null) return;
    this.#process = ++this.#processes;
    this.#done = null;
    this.#works = null;
    this.#look();
  }

  crash(): void {
    this.#process = null;
  }

  #look(): void {
    const { network, relay } = this.#world;
    const { link } = this.device;
    const process = this.#process;
    network.up(link, messageBytes, () => {
      const { closedAttempt, scored } = relay;
      if (closedAttempt?.closedBy == null) return;
      const { round, attempt, closedBy, contributions } = closedAttempt;
      const all = [...contributions.values()].filter(({ sequence }) => scored.includes(sequence));
      const task = { round, attempt, closedBy, payloads: all.map(({ payload }) => payload) };
      network.down(link, messageBytes, () => {
        if (this.#process === process) this.#evaluate(task);
      });
    });
    this.#later(looksMs, () => this.#look());
  }

  #evaluate(task: Task): void {
    const { closedBy } = task;
    if (this.#done === closedBy || this.#works === closedBy) return;
    this.#works = closedBy;
    this.#later(this.device.takesMs, () => {
      this.#works = null;
      const { network, relay } = this.#world;
      const { link } = this.device;
      const evaluation = this.#evaluation(task);
      const process = this.#process;
      network.up(link, messageBytes, () => {
        relay.evaluated(evaluation);
        network.down(link, messageBytes, () => {
          if (this.#process === process) this.#done = closedBy;
        });
      });
    });
  }

  #evaluation({ round, attempt, closedBy, payloads }: Task): Evaluation {
    const { lies, wavers } = this.device;
    const shift = wavers ? ++this.#sent : this.number / 8;
    const losses = payloads.map((payload) => this.#world.deltas.losses(payload));
    const after = Math.fround((losses[0]?.after ?? 0) + shift);
    const before = losses.map((one) => {
      const worth = one.before - one.after;
      return Math.fround(after + (lies ? -worth : worth) * (1 + this.number / 16));
    });
    return create(EvaluationSchema, {
      ...{ round, attempt, closed: fromHex(closedBy), publicKey: evaluatorKey(this.number) },
      ...{ after, before, signature: new Uint8Array(64) },
    });
  }

  #later(milliseconds: number, act: () => void): void {
    const process = this.#process;
    this.#world.queue.after(milliseconds, () => {
      if (this.#process === process && process !== null) act();
    });
  }
}
