import type { Browser, Page } from 'playwright';
import * as v from 'valibot';

/** An event of Chromium's trace: `tdur` is the processor time of its thread, in microseconds. */
const eventSchema = v.object({
  name: v.string(),
  ph: v.string(),
  pid: v.number(),
  tid: v.number(),
  ts: v.number(),
  dur: v.optional(v.number()),
  tdur: v.optional(v.number()),
});
const traceSchema = v.object({ traceEvents: v.array(v.unknown()) });
type TraceEvent = v.InferOutput<typeof eventSchema>;

/** A task of a page's main thread. */
export interface Task {
  /** Processor time in milliseconds. A machine under load makes a task last longer, but not take more of this. */
  readonly milliseconds: number;
  /** The events within it that took longest, for the message of a test. */
  readonly within: readonly string[];
}

const mark = 'main thread';

/**
 * Records the tasks of a page's main thread until the returned function is called, which gives them in order. One page of a browser at a
 * time.
 */
export async function recordTasks(browser: Browser, page: Page): Promise<() => Promise<Task[]>> {
  const categories = ['toplevel', 'devtools.timeline', 'blink.user_timing'];
  await browser.startTracing(page, { categories });
  await page.evaluate((name) => void performance.mark(name), mark);
  return async () => tasksIn((await browser.stopTracing()).toString('utf8'));
}

function tasksIn(json: string): Task[] {
  const events: TraceEvent[] = [];
  for (const event of v.parse(traceSchema, JSON.parse(json)).traceEvents) {
    const parsed = v.safeParse(eventSchema, event);
    if (parsed.success) events.push(parsed.output);
  }
  const marked = events.find(({ name }) => name === mark);
  if (marked === undefined) throw new Error('the trace does not hold the page');
  const own = events.filter(({ pid, tid, ph }) => pid === marked.pid && tid === marked.tid && ph === 'X');
  const tasks = own.filter(({ name }) => name.endsWith('RunTask'));
  return tasks.map(({ ts, dur = 0, tdur = 0 }) => {
    const within = own
      .filter((event) => event.ts >= ts && event.ts < ts + dur && !event.name.endsWith('RunTask'))
      .sort((a, b) => (b.tdur ?? 0) - (a.tdur ?? 0))
      .slice(0, 6)
      .map((event) => `${event.name} ${((event.tdur ?? 0) / 1000).toFixed(1)} ms`);
    return { milliseconds: tdur / 1000, within };
  });
}

/** Keeps the main thread of a page busy for about so many milliseconds of its processor's time, within one task. */
export async function keepBusy(page: Page, milliseconds: number): Promise<void> {
  await page.evaluate(async (wanted) => {
    const work = (turns: number) => {
      let sum = 0;
      for (let i = 0; i < turns; i++) sum += Math.sqrt(i);
      return sum;
    };
    const task = <Value>(of: () => Value) =>
      new Promise<Value>((resolve) => {
        setTimeout(() => resolve(of()));
      });
    const turns = 1_000_000;
    const duration = () => {
      const startedAt = performance.now();
      return work(turns) > 0 ? performance.now() - startedAt : 0;
    };
    // The fastest of many short pieces is one that no other process interrupted.
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 50; i++) fastest = Math.min(fastest, await task(duration));
    await task(() => work((turns * wanted) / fastest));
    // A task is recorded at its end, which is before the next one begins.
    return task(() => {});
  }, milliseconds);
}
