import type { Device } from './device.ts';
import type { Program } from './program.ts';
import { SubmitBudget } from './submit-budget.ts';

/** Runs that are timed: the first ones, then one in so many, since a card slows down when it is hot or shared. */
const firstTimed = 8;
const timedEvery = 16;

/** A run that is being encoded. */
interface Run {
  /** Where each of its submits ends, and how many of them are made. */
  readonly ends: readonly number[];
  submits: number;
  /** Dispatches encoded. */
  at: number;
  /** When the queue came to the run, and when each submit was done; null where it is not timed. */
  readonly times: { readonly startedAt: Promise<number>; readonly doneAt: Promise<number>[] } | null;
}

/**
 * Encodes one list of dispatches, the same at every run, and submits it in as few parts as keep each under the budget;
 * see `SubmitBudget`. No watchdog looks after a processor: a software adapter gets the whole list at once.
 */
export class Submitter {
  readonly #device: GPUDevice;
  readonly #budget: SubmitBudget | null;
  readonly #now: () => number;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #run: Run | null = null;
  #runs = 0;
  /** Whether a run's times are not all known yet. */
  #timing = false;

  /** `bytes`: what each dispatch of the list has bound. */
  constructor(device: Device, bytes: readonly number[], now = () => performance.now()) {
    this.#device = device.device;
    this.#budget = device.software ? null : new SubmitBudget(bytes);
    this.#now = now;
  }

  /** Begins a run of the list's first `dispatches`. */
  begin(dispatches: number): void {
    const ends = this.#budget?.split(0, dispatches) ?? [dispatches];
    const due = this.#runs < firstTimed || this.#runs % timedEvery === 0;
    const timed = this.#budget !== null && due && !this.#timing;
    this.#runs++;
    this.#run = { ends, submits: 0, at: 0, times: timed ? { startedAt: this.#done(), doneAt: [] } : null };
  }

  /** Encodes copies between two dispatches, or at either end. Returns what `encode` does. */
  copy<Result>(encode: (encoder: GPUCommandEncoder) => Result): Result {
    this.#pass?.end();
    this.#pass = null;
    this.#encoder ??= this.#device.createCommandEncoder();
    return encode(this.#encoder);
  }

  /** Encodes the next dispatches of the list: those of a program from `first` on and before `end`. */
  encode(program: Program, first = 0, end = program.length): void {
    const run = this.#run;
    if (run === null) throw new Error('no run was begun');
    for (let from = first; from < end; ) {
      // What a submit holds goes out when more comes: the run's last copies belong to its last submit.
      if (run.at === run.ends[run.submits]) this.#submit(run);
      const until = Math.min(end, from + (run.ends[run.submits] ?? Infinity) - run.at);
      this.#encoder ??= this.#device.createCommandEncoder();
      this.#pass ??= this.#encoder.beginComputePass();
      program.encode(this.#pass, from, until);
      run.at += until - from;
      from = until;
    }
  }

  /** Submits what is left. */
  end(): void {
    const [run, budget] = [this.#run, this.#budget];
    if (run === null) return;
    this.#submit(run);
    this.#run = null;
    if (run.times === null || budget === null) return;
    this.#timing = true;
    const { startedAt, doneAt } = run.times;
    Promise.all([startedAt, Promise.all(doneAt)]).then(
      ([started, done]) => {
        budget.measured({ from: 0, ends: run.ends, startedAt: started, doneAt: done });
        this.#timing = false;
      },
      // The device is lost: there is nothing left to time.
      () => undefined,
    );
  }

  #submit(run: Run): void {
    this.#pass?.end();
    this.#pass = null;
    if (this.#encoder !== null) this.#device.queue.submit([this.#encoder.finish()]);
    this.#encoder = null;
    run.submits++;
    run.times?.doneAt.push(this.#done());
  }

  /** When all that is submitted is done. */
  async #done(): Promise<number> {
    await this.#device.queue.onSubmittedWorkDone();
    return this.#now();
  }
}
