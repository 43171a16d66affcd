import type { WorkerEvent } from './worker-api.ts';

/** Milliseconds between updates of numbers; a person cannot read faster changes. */
const interval = 250;

/** Events of which only the latest is needed; a fast GPU gives hundreds of steps per second. */
const coalesced: ReadonlySet<WorkerEvent['event']> = new Set(['step', 'sent']);

/**
 * Passes events to `listener` in order. It passes only the latest step and byte count, at most once per `interval`.
 * Waiting events are passed before the next event of another kind, so that the order is kept.
 */
export function paced(
  listener: (event: WorkerEvent) => void,
  later: (work: () => void) => void = (work) => setTimeout(work, interval),
): (event: WorkerEvent) => void {
  const waiting = new Map<WorkerEvent['event'], WorkerEvent>();
  let timed = false;
  const flush = () => {
    for (const event of waiting.values()) listener(event);
    waiting.clear();
  };
  return (event) => {
    if (!coalesced.has(event.event)) {
      flush();
      listener(event);
      return;
    }
    waiting.set(event.event, event);
    if (timed) return;
    timed = true;
    later(() => {
      timed = false;
      flush();
    });
  };
}
