import { Random } from '../../../client/random.ts';
import { drawWorld } from './draw-world.ts';
import { scheduleFaults } from './faults.ts';
import { broken, InvariantError } from './invariants/invariant.ts';
import { type Machines, machines } from './world/machines.ts';
import { traceOf } from './world/trace.ts';
import { World } from './world/world.ts';

/** What one seed's world did. */
export interface SeedResult {
  readonly seed: number;
  readonly events: number;
  readonly rounds: number;
  readonly acknowledged: number;
  readonly abandoned: number;
  /** The invariant that does not hold; null for a good world. */
  readonly violation: InvariantError | null;
}

/** More events than any good world of this size has. */
const mostEvents = 200_000;

/** After the last fault a round needs its deadline, and nodes come back after their longest delay. */
const backMs = 120_000;

/** A node that a refusal ended is started again by its person after so long. */
const personMs = 15_000;

/**
 * Runs the small world of a seed through its faults, then without faults until its run is complete, and checks every
 * invariant on every step. `trace` hears each step as a line.
 */
export async function runSeed(
  seed: number,
  under: Machines = machines,
  trace?: (line: string) => void,
): Promise<SeedResult> {
  const random = Random.seeded(seed, 1);
  const options = { ...drawWorld(seed, random), machines: under };
  const { limits } = options.relay;
  let world: World | null = null;
  let events = 0;
  let violation: InvariantError | null = null;
  try {
    world = new World(
      options,
      traceOf(() => world?.queue.now ?? 0, trace),
    );
    const { queue, relay, nodes, network } = world;
    const started = world;
    const until = 20_000 + random.below(4 * limits.deadlineMs);
    scheduleFaults(world, random, until);
    world.startRelay();
    for (const node of nodes) queue.at(random.below(10_000), () => started.startNode(node));
    for (const evaluator of started.evaluators) queue.at(random.below(10_000), () => evaluator.start());
    queue.at(until + 1, () => {
      network.healed = true;
      started.startRelay();
    });
    const revive = () => {
      if (relay.isComplete) return;
      for (const node of nodes) started.startNode(node);
      queue.after(personMs, revive);
    };
    queue.at(until + 2, revive);
    // A guard that allows one base in two or more may refuse several in a row.
    const attempts = (limits.rounds + 2) * (options.relay.bases?.guard === undefined ? 1 : 5);
    const lastly = until + attempts * (2 * limits.deadlineMs + backMs);
    while (!relay.isComplete) {
      if (++events > mostEvents || queue.now > lastly)
        broken(
          'run-ends',
          `the run is in round ${started.invariants.committed + 1} of ${limits.rounds} and does not end`,
        );
      if (!(await started.step()))
        broken('run-ends', 'nothing is left to happen and the run is not complete');
    }
    started.invariants.ended(started.acknowledged);
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    violation = error;
  }
  return {
    ...{ seed, events, violation },
    rounds: world?.invariants.committed ?? 0,
    acknowledged: world?.acknowledged.length ?? 0,
    abandoned: world?.invariants.abandoned ?? 0,
  };
}
