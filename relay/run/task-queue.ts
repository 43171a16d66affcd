/** Runs tasks one after another, in the order of their arrival, whether they succeed or fail. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** A TaskQueue for each key, kept only while it has tasks. */
export class KeyedQueues {
  readonly #queues = new Map<string, { queue: TaskQueue; tasks: number }>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const own = this.#queues.get(key) ?? { queue: new TaskQueue(), tasks: 0 };
    this.#queues.set(key, own);
    own.tasks++;
    try {
      return await own.queue.run(task);
    } finally {
      if (--own.tasks === 0) this.#queues.delete(key);
    }
  }

  /** Resolves when no task is left, those included that tasks queue meanwhile. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0)
      await Promise.all([...this.#queues.values()].map(({ queue }) => queue.run(async () => {})));
  }
}

/** Runs at most `most` tasks at a time; the others wait in the order of their arrival. */
export class Limiter {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
