import type { Random } from '../../../client/random.ts';
import { defaultLimits } from '../../../relay/server/limits.ts';
import type { VirtualNode } from './world/node.ts';
import type { World, WorldOptions } from './world/world.ts';

/** A small world that a seed decides: its nodes, limits, network, and every number in between. */
export function drawWorld(seed: number, random: Random): Omit<WorldOptions, 'machines'> {
  const nodes = 2 + random.below(6);
  const quorum = 1 + random.below(nodes);
  const deadlineMs = 1000 * (30 + random.below(90));
  const share = (most: number) => (random.below(2) === 0 ? 0 : random.uniform() * most);
  const line = () => ({
    latency: 5 + random.below(300),
    upload: 20 + random.below(1000),
    download: 20 + random.below(1000),
  });
  const limits = {
    rounds: 1 + random.below(4),
    quorum,
    target: quorum + random.below(nodes),
    deadlineMs,
    graceMs: 1000 * random.below(20),
    graceShare: random.below(100),
  };
  const localSteps = 5;
  const { graceMs, graceShare } = limits;
  const pace = { localSteps, leastSteps: 1, stretch: 100 + random.below(400) };
  return {
    seed,
    devices: Array.from({ length: nodes }, (_, number) => ({
      speedClass: number,
      stepMs: random.below(deadlineMs / 12),
      line: line(),
    })),
    relay: {
      limits,
      pace: random.below(2) === 0 ? null : { ...pace, deadlineMs, graceMs, graceShare },
      localSteps,
      tokensPerStep: 512,
      payloadBytes: 100_000,
      tick: 1000,
      sync: 1 + random.below(400),
      merge: random.below(3000),
      line: { latency: 0, upload: 5000, download: 5000 },
    },
    baseBytes: 200_000,
    heartbeatMs: defaultLimits.heartbeat,
    network: {
      loss: share(0.1),
      vanish: share(0.05),
      duplicate: share(0.2),
      reorder: share(0.1),
    },
  };
}

/** Schedules faults up to `until`: each ends before then or is ended by `heal`. */
export function scheduleFaults(world: World, random: Random, until: number): void {
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
