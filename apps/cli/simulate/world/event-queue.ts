interface Scheduled {
  readonly at: number;
  /** Events of one moment run in the order in which they were scheduled. */
  readonly order: number;
  readonly run: () => void;
}

/**
 * Virtual time, in milliseconds from 0, and what is due at each moment: a binary heap, so that an event costs O(log events).
 * Nothing here reads a real clock, so the same calls always run in the same order.
 */
export class EventQueue {
  readonly #heap: Scheduled[] = [];
  #now = 0;
  #order = 0;

  get now(): number {
    return this.#now;
  }

  /** The events that ran or wait. */
  get scheduled(): number {
    return this.#order;
  }

  /** Runs `run` after so many milliseconds. */
  after(milliseconds: number, run: () => void): void {
    this.at(this.#now + milliseconds, run);
  }

  /** Runs `run` at a moment; one that is over means now. */
  at(moment: number, run: () => void): void {
    const event = { at: Math.max(moment, this.#now), order: this.#order++, run };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Runs the next event. False if none waits. */
  step(): boolean {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return false;
    if (this.#heap.length > 0) this.#sink(last);
    this.#now = first.at;
    first.run();
    return true;
  }

  /** Places an event at the root, and moves it down to its place. */
  #sink(event: Scheduled): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const isOther = other !== undefined && isBefore(other, one);
      const child = isOther ? other : one;
      if (isBefore(event, child)) break;
      heap[index] = child;
      index = isOther ? left + 1 : left;
    }
    heap[index] = event;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
