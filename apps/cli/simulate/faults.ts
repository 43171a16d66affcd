import type { Random } from '../../../client/random.ts';
import type { VirtualNode } from './world/node.ts';
import type { World } from './world/world.ts';

/** Schedules faults up to `until`: each ends before then or is ended by `heal`. */
export function scheduleFaults(world: World, random: Random, until: number): void {
  evaluatorFaults(world, random, until);
  const count = random.below(12);
  for (let fault = 0; fault < count; fault++) {
    const at = random.below(until);
    const lasts = random.below(40_000);
    const kind = random.below(10);
    const nodes = world.nodes.filter(() => random.below(3) === 0);
    const from = (begin: () => void, end: () => void) => {
      world.queue.at(at, begin);
      world.queue.at(Math.min(until, at + lasts), end);
    };
    if (kind < 3)
      from(
        () => each(nodes, (node) => world.crashNode(node)),
        () => each(nodes, (node) => world.startNode(node)),
      );
    else if (kind < 5) partition(world, nodes, at, Math.min(until, at + lasts));
    else if (kind < 7)
      from(
        () => world.crashRelay(),
        () => world.startRelay(),
      );
    else if (kind < 8) world.queue.at(at, () => world.failDisk(Math.min(lasts, until - at)));
    else if (kind < 9) world.queue.at(at, () => world.jumpClock(lasts));
    else
      from(
        () => pause(nodes, 'pause'),
        () => pause(nodes, 'resume-work'),
      );
  }
}

/** Evaluators are gone for a while, or cut off. */
function evaluatorFaults({ queue, evaluators }: World, random: Random, until: number): void {
  if (evaluators.length === 0) return;
  for (let fault = random.below(4); fault > 0; fault--) {
    const evaluator = evaluators[random.below(evaluators.length)];
    const at = random.below(until);
    const ends = Math.min(until, at + random.below(120_000));
    if (evaluator === undefined) continue;
    const { link } = evaluator.device;
    const isCrash = random.below(2) === 0;
    queue.at(at, () => {
      if (isCrash) evaluator.crash();
      else link.cuts++;
    });
    queue.at(ends, () => {
      if (isCrash) evaluator.start();
      else link.cuts--;
    });
  }
}

function partition(world: World, nodes: readonly VirtualNode[], at: number, until: number): void {
  let heal: (() => void)[] = [];
  world.queue.at(at, () => {
    heal = nodes.map((node) => world.cut(node));
  });
  world.queue.at(until, () => each(heal, (end) => end()));
}

function pause(nodes: readonly VirtualNode[], kind: 'pause' | 'resume-work'): void {
  each(nodes, (node) => node.dispatch({ kind }));
}

function each<T>(all: readonly T[], act: (one: T) => void): void {
  for (const one of all) act(one);
}
