/** Milliseconds between two looks at the event loop. */
const interval = 20;

/** A reading of two clocks, in milliseconds: of time that passed, and of time that this thread computed. */
export interface LoopTimes {
  readonly elapsed: number;
  readonly computed: number;
}

/** Seconds by which a timer was late, and how many of them this thread computed. */
export interface Lateness {
  readonly delay: number;
  readonly held: number;
}

/**
 * How late the event loop was at `now`, if it was to come back so many milliseconds after `before`. `delay` is what clients
 * feel. `held` is the part for which this thread's own work is to blame: other programs that take the processor add nothing.
 */
export function lateness(before: LoopTimes, now: LoopTimes, milliseconds = interval): Lateness {
  const delay = Math.max(0, now.elapsed - before.elapsed - milliseconds);
  return { delay: delay / 1000, held: Math.min(delay, now.computed - before.computed) / 1000 };
}

/** Tells `observe` of the event loop's lateness 50 times a second; returns a function that stops it. */
export function watchLoop(observe: (lateness: Lateness) => void): () => void {
  let before = readTimes();
  const timer = setInterval(() => {
    const now = readTimes();
    observe(lateness(before, now));
    before = now;
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

function readTimes(): LoopTimes {
  const { user, system } = process.threadCpuUsage();
  return { elapsed: performance.now(), computed: (user + system) / 1000 };
}
