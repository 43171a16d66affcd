import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a module once for each job, in a process of its own with the job as JSON, so many at a time and in the jobs' order. Gives a
 * promise for each job, which rejects if its process fails; the others are then ended.
 */
export function inProcesses(module: string, jobs: readonly object[], atOnce: number): Promise<void>[] {
  const running = new Set<ChildProcess>();
  const all = jobs.map((job) => ({ job: JSON.stringify(job), ...Promise.withResolvers<void>() }));
  const waiting = [...all];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const child = fork(module, [next.job], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      running.add(child);
      const [code, signal] = await once(child, 'exit');
      running.delete(child);
      if (code === 0) {
        next.resolve();
        continue;
      }
      const failure = new Error(`${next.job} ended with ${signal ?? code}`);
      for (const other of running) other.kill();
      for (const { reject } of [next, ...waiting.splice(0)]) reject(failure);
    }
  };
  for (let process = 0; process < Math.min(atOnce, jobs.length); process++) void work();
  const promises = all.map(({ promise }) => promise);
  // Whoever waits for one job hears of a failure there; the others' must not end this process first.
  for (const promise of promises) promise.catch(() => {});
  return promises;
}
