import type { WorkerEvent } from './worker-api.ts';

/** Four times a second is as often as a person sees numbers change. */
const interval = 250;

/** Of these only the latest counts: a fast GPU makes hundreds of steps a second. */
const coalesced: ReadonlySet<WorkerEvent['event']> = new Set(['step', 'sent']);

/**
 * Passes events on in order, but steps and byte counts at most each `interval`, the latest of each. Whatever waits goes
 * out before the next event of another kind, so that none is seen out of order.
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
