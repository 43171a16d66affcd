import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../relay/run/clock.ts';
import { Run } from '../../relay/run/run.ts';
import { watchLoop } from '../../relay/server/loop-monitor.ts';
import { contribute, identities, preparedPayloads, syntheticRun } from './contributions.ts';

export interface RelayBenchOptions {
  readonly parameters: number;
  readonly nodes: number;
  readonly rounds: number;
}

/**
 * Measures the cost of contributions for the process of a relay, from the first chunk to the commit, the sockets not counted: processor
 * time of all threads and of the event loop's alone, and how long the loop was held at a time.
 */
export async function relayBench({ parameters, nodes, rounds }: RelayBenchOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-bench-'));
  try {
    const run = await Run.open(folder, syntheticRun(parameters, rounds + 1, nodes), systemClock);
    const keys = await identities(nodes);
    const payloads = preparedPayloads(run, nodes * rounds);
    for (const { key } of keys) run.nodeJoined(key, null);
    const held: number[] = [];
    const began = { all: process.cpuUsage(), loop: process.threadCpuUsage(), at: performance.now() };
    const stop = watchLoop((lateness) => held.push(1000 * lateness.held));
    for (let round = 0; round < rounds; round++) {
      await run.tick();
      await run.tick();
      const take = () => payloads.pop() ?? new Uint8Array();
      await Promise.all(keys.map((key) => contribute(run, key, take())));
    }
    await run.tick();
    await run.tick();
    stop();
    const seconds = (performance.now() - began.at) / 1000;
    const contributions = nodes * rounds;
    const each = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000 / contributions;
    await run.close();
    held.sort((one, other) => one - other);
    const heldAt = (part: number) => held[Math.ceil(part * held.length) - 1] ?? 0;
    return {
      ...{ parameters, contributions, seconds },
      processorMsEach: each(process.cpuUsage(began.all)),
      loopMsEach: each(process.threadCpuUsage(began.loop)),
      heldMs: { p50: heldAt(0.5), p99: heldAt(0.99), most: heldAt(1) },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
