import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a module once for each job, in a process of its own with the job as JSON, so many at a time and in the jobs' order. Gives a
 * promise for each job, which rejects if its process fails; the others are then ended.
 */
export function inProcesses(module: string, jobs: readonly object[], atOnce: number): Promise<void>[] {
  const running = new Set<ChildProcess>();
  const ends = jobs.map(() => Promise.withResolvers<void>());
  const waiting = [...jobs.entries()];
  const next = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const child = fork(module, [JSON.stringify(job[1])], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      running.add(child);
      const [code, signal] = await once(child, 'exit');
      running.delete(child);
      if (code === 0) ends[job[0]]?.resolve();
      else {
        const failure = new Error(`${JSON.stringify(job[1])} ended with ${signal ?? code}`);
        for (const other of running) other.kill();
        for (const { reject } of [ends[job[0]], ...waiting.splice(0).map(([index]) => ends[index])].filter(
          (end) => end !== undefined,
        ))
          reject(failure);
      }
    }
  };
  for (let process = 0; process < Math.min(atOnce, jobs.length); process++) void next();
  const promises = ends.map(({ promise }) => promise);
  // Whoever waits for one job hears of a failure there; the others' must not end this process first.
  for (const promise of promises) promise.catch(() => {});
  return promises;
}
