import { Random } from '../../../../client/random.ts';
import { broken, InvariantError } from '../invariants/invariant.ts';
import type { SeedResult } from '../search.ts';
import { type Machines, machines } from '../world/machines.ts';
import { type National, RelayTree } from './relay-tree.ts';

/** What one seed's upstream relay and the relays below it did. */
export interface TreeResult extends SeedResult {
  /** Contributions of relays that went into upstream bases. */
  readonly applied: number;
}

/** More events than any good world of this size has. */
const mostEvents = 100_000;

/** After the last fault all relays below must have adopted the base of so many further upstream rounds, in so much time. */
const roundsAfter = 2;
const followMs = 900_000;

const personMs = 15_000;

/**
 * Runs an upstream relay and the relays below it through the faults of a seed, then without faults until all follow the upstream
 * base, and checks every invariant on every step. `trace` hears each step as a line.
 */
export async function runTreeSeed(
  seed: number,
  under: Machines = machines,
  trace?: (line: string) => void,
): Promise<TreeResult> {
  const random = Random.seeded(seed, 3);
  const tree = new RelayTree(seed, random, under, trace);
  const { queue, upstream, nationals } = tree;
  let events = 0;
  let violation: InvariantError | null = null;
  try {
    const until = 60_000 + random.below(240_000);
    scheduleFaults(tree, random, until);
    upstream.startRelay();
    for (const national of nationals) queue.at(random.below(10_000), () => tree.change(national, {}));
    let wanted = Number.POSITIVE_INFINITY;
    queue.at(until + 1, () => {
      for (const { network } of [upstream, ...nationals.map(({ world }) => world)]) network.healed = true;
      wanted = upstream.invariants.committed + roundsAfter;
    });
    const revive = () => {
      for (const national of nationals) tree.revive(national);
      queue.after(personMs, revive);
    };
    queue.at(until + 2, revive);
    const { adopted } = tree.invariants;
    while (adopted.some((round) => round < wanted)) {
      if (++events > mostEvents || queue.now > until + followMs)
        broken(
          'upstream-followed',
          `the relays below have adopted the bases of the rounds ${adopted.join(', ')}, the upstream run has ${upstream.invariants.committed}`,
        );
      if (!(await tree.step())) broken('run-ends', 'nothing is left to happen');
    }
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    violation = error;
  }
  const worlds = [upstream, ...nationals.map(({ world }) => world)];
  const sum = (of: (world: typeof upstream) => number) => worlds.reduce((all, world) => all + of(world), 0);
  return {
    ...{ seed, events, violation },
    rounds: sum(({ invariants }) => invariants.committed),
    acknowledged: sum(({ acknowledged }) => acknowledged.length),
    abandoned: sum(({ invariants }) => invariants.abandoned),
    applied: tree.invariants.applied,
  };
}

/** Schedules faults up to `until`: each ends before then. */
function scheduleFaults(tree: RelayTree, random: Random, until: number): void {
  const { queue, upstream, nationals } = tree;
  const count = random.below(10);
  for (let fault = 0; fault < count; fault++) {
    const at = random.below(until);
    const ends = Math.min(until, at + random.below(90_000));
    const during = (begin: () => void, end: () => void) => {
      queue.at(at, begin);
      queue.at(ends, end);
    };
    const national = nationals[random.below(nationals.length)];
    if (national === undefined) continue;
    const kind = random.below(10);
    if (kind < 3) partition(tree, national, at, ends);
    else if (kind < 5)
      during(
        () => tree.change(national, { down: 1 }),
        () => tree.change(national, { down: -1 }),
      );
    else if (kind < 7)
      during(
        () => tree.change(national, { alone: 1 }),
        () => tree.change(national, { alone: -1 }),
      );
    else if (kind < 9)
      during(
        () => {
          if (tree.down++ === 0) upstream.crashRelay();
        },
        () => {
          if (--tree.down === 0) upstream.startRelay();
        },
      );
    else {
      const { world } = national;
      const nodes = world.nodes.filter(() => random.below(2) === 0);
      during(
        () => {
          for (const node of nodes) world.crashNode(node);
        },
        () => {
          for (const node of nodes) world.startNode(node);
        },
      );
    }
  }
}

function partition({ queue, upstream }: RelayTree, { node }: National, at: number, until: number): void {
  let heal = () => {};
  queue.at(at, () => {
    heal = upstream.cut(node);
  });
  queue.at(until, () => heal());
}
