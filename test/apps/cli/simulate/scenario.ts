import type { VirtualEntry } from '../../../../apps/cli/simulate/relay/journal.ts';
import { type Machines, machines } from '../../../../apps/cli/simulate/world/machines.ts';
import type { NodeNumber } from '../../../../apps/cli/simulate/world/messages.ts';
import { traceOf } from '../../../../apps/cli/simulate/world/trace.ts';
import { type Watcher, World, type WorldOptions } from '../../../../apps/cli/simulate/world/world.ts';
import type { Effect } from '../../../../client/contribute/session/state.ts';
import type { RoundEffect, RoundEvent, RoundState } from '../../../../relay/run/round.ts';

/** A step of the round machine. */
interface MachineStep {
  readonly at: number;
  readonly event: RoundEvent;
  readonly effect: RoundEffect | null;
  readonly phase: RoundState['phase'];
}

type Entry<Kind extends VirtualEntry['kind']> = VirtualEntry & { readonly kind: Kind };

/** More events than a scenario of a few nodes and rounds has. */
const mostEvents = 20_000;

const line = { latency: 5, upload: 5000, download: 5000 };

const quiet: Omit<WorldOptions, 'machines' | 'devices' | 'relay'> = {
  ...{ seed: 1, baseBytes: 200_000, heartbeatMs: 5000 },
  network: { loss: 0, vanish: 0, duplicate: 0, reorder: 0 },
};

const relay: WorldOptions['relay'] = {
  limits: { rounds: 2, quorum: 2, target: 2, deadlineMs: 60_000, graceMs: 10_000, graceShare: 50 },
  ...{ pace: null, localSteps: 5, tokensPerStep: 512, payloadBytes: 100_000 },
  ...{ tick: 1000, sync: 10, merge: 100, line },
};

/**
 * A quiet world in which faults happen when an entry is journaled or a node does something, and not at a moment that a seed draws:
 * a change of the machines' timing cannot make the situation vanish unseen.
 */
export class Scenario {
  readonly world: World;
  readonly entries: { readonly at: number; readonly entry: VirtualEntry }[] = [];
  readonly effects: { readonly at: number; readonly node: NodeNumber; readonly effect: Effect }[] = [];
  readonly steps: MachineStep[] = [];
  readonly #onEntry: ((entry: VirtualEntry) => void)[] = [];
  readonly #onEffect: ((node: NodeNumber, effect: Effect) => void)[] = [];

  /** A world with a node for each step time in milliseconds, all started at 0. */
  constructor(
    stepMs: readonly number[],
    change: Partial<Omit<WorldOptions['relay'], 'limits'>> & {
      readonly limits?: Partial<WorldOptions['relay']['limits']>;
      readonly upload?: number;
    } = {},
    under: Partial<Machines> = {},
  ) {
    const { upload = line.upload, limits, ...other } = change;
    const used = { ...machines, ...under };
    const watcher: Watcher = {
      ...traceOf(() => this.world.queue.now, undefined),
      entry: (entry) => {
        this.entries.push({ at: this.world.queue.now, entry });
        for (const listen of [...this.#onEntry]) listen(entry);
      },
      effect: ({ number: node }, effect) => {
        this.effects.push({ at: this.world.queue.now, node, effect });
        for (const listen of [...this.#onEffect]) listen(node, effect);
      },
    };
    this.world = new World(
      {
        ...quiet,
        machines: {
          ...used,
          reduce: (state, event, limits) => {
            const next = used.reduce(state, event, limits);
            const { effect, state: after } = next;
            this.steps.push({ at: this.world.queue.now, event, effect, phase: after.phase });
            return next;
          },
        },
        devices: stepMs.map((ms) => ({ speedClass: 0, stepMs: ms, line: { ...line, upload } })),
        relay: { ...relay, ...other, limits: { ...relay.limits, ...limits } },
      },
      watcher,
    );
    this.world.startRelay();
    for (const node of this.world.nodes) this.world.startNode(node);
  }

  /** The node with this number. */
  node(number: NodeNumber) {
    const node = this.world.nodes[number];
    if (node === undefined) throw new RangeError(`no node ${number}`);
    return node;
  }

  /** Acts once, at the first entry of this kind that is like `also`. */
  atEntry<Kind extends VirtualEntry['kind']>(
    kind: Kind,
    act: (entry: Entry<Kind>) => void,
    also: (entry: Entry<Kind>) => boolean = () => true,
  ): void {
    const isKind = (entry: VirtualEntry): entry is Entry<Kind> => entry.kind === kind;
    let isOver = false;
    this.#onEntry.push((entry) => {
      if (isOver || !isKind(entry) || !also(entry)) return;
      isOver = true;
      act(entry);
    });
  }

  /** Acts once, at the node's first effect of this kind. */
  atEffect(number: NodeNumber, kind: Effect['kind'], act: () => void): void {
    let isOver = false;
    this.#onEffect.push((node, effect) => {
      if (isOver || node !== number || effect.kind !== kind) return;
      isOver = true;
      act();
    });
  }

  /** The node reports now whether it takes part, as in a heartbeat that arrives at this moment. */
  reports(number: NodeNumber, takesPart: boolean): void {
    const { connection, device, session } = this.node(number);
    const round = session.open?.round ?? 0;
    const facts = { takesPart, round, steps: 0, stepMs: device.stepMs };
    this.world.relay.received({ kind: 'heartbeat', node: number, connection, ...facts });
  }

  /** When the first entry of this kind was journaled. */
  momentOf(kind: VirtualEntry['kind']): number {
    const found = this.entries.find(({ entry }) => entry.kind === kind);
    if (found === undefined) throw new Error(`no ${kind} is in the journal`);
    return found.at;
  }

  /** Runs to the end of the run, with every invariant checked on every step. Throws InvariantError. */
  run(): void {
    const { queue, invariants, acknowledged } = this.world;
    for (let event = 0; event < mostEvents && !this.world.relay.isComplete; event++)
      if (!queue.step()) throw new Error('nothing is left to happen and the run is not complete');
    if (!this.world.relay.isComplete) throw new Error('the run does not end');
    invariants.ended(acknowledged);
  }
}
