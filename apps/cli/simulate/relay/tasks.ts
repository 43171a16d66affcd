import type { EventQueue } from '../world/event-queue.ts';

/** A change of the relay's state, made after the ones before it. */
export interface RelayTask {
  /** Decides what to write. How long the disk takes, in milliseconds; null when there is nothing to write. */
  prepare(): number | null;
  /** What is on the disk once the time is over. */
  write(): void;
  /** Called when the write is applied, or has failed. */
  done(failed: boolean): void;
}

/** The relay's tasks, one after another. A crash ends them all; the write under way may have reached the disk. */
export class RelayTasks {
  /** Until when writes fail. */
  fails = 0;
  readonly #queue: EventQueue;
  readonly #written: () => void;
  #tasks: RelayTask[] = [];
  #running: RelayTask | null = null;
  #crashed = false;

  /** `written` is called after each write, before the task is told. */
  constructor(queue: EventQueue, written: () => void) {
    this.#queue = queue;
    this.#written = written;
  }

  get idle(): boolean {
    return this.#running === null && this.#tasks.length === 0;
  }

  add(task: RelayTask): void {
    this.#tasks.push(task);
    this.#next();
  }

  crash(reachesDisk: boolean): void {
    this.#crashed = true;
    if (reachesDisk && this.#queue.now >= this.fails) this.#running?.write();
    this.#running = null;
    this.#tasks = [];
  }

  #next(): void {
    while (this.#running === null && !this.#crashed) {
      const task = this.#tasks.shift();
      if (task === undefined) return;
      this.#running = task;
      const milliseconds = task.prepare();
      if (milliseconds === null) this.#running = null;
      else this.#queue.after(milliseconds, () => this.#finish(task));
    }
  }

  #finish(task: RelayTask): void {
    if (this.#crashed) return;
    const failed = this.#queue.now < this.fails;
    if (!failed) {
      task.write();
      this.#written();
    }
    this.#running = null;
    task.done(failed);
    this.#next();
  }
}
