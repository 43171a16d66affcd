import type { Device } from './device.ts';
import type { Program } from './program.ts';
import { SubmitBudget } from './submit-budget.ts';

/** Timed runs: the first ones, then one in `timedEvery`, because a card slows down when it is hot or shared. */
const firstTimed = 8;
const timedEvery = 16;

/** A run that is being encoded. */
interface Run {
  /** The end of each submit, in dispatches, and the number of submits made. */
  readonly ends: readonly number[];
  submits: number;
  /** Number of dispatches encoded. */
  at: number;
  /** When the queue reached the run, and when each submit was done; null if the run is not timed. */
  readonly times: { readonly startedAt: Promise<number>; readonly doneAt: Promise<number>[] } | null;
}

/**
 * Encodes a list of dispatches, the same at every run, and submits it in as few parts as the budget allows; see
 * `SubmitBudget`. A software adapter has no watchdog and gets the whole list in one submit.
 */
export class Submitter {
  readonly #device: GPUDevice;
  readonly #budget: SubmitBudget | null;
  readonly #now: () => number;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #run: Run | null = null;
  #runs = 0;
  /** True while some times of a run are unknown. */
  #timing = false;

  /** `bytes`: the total size of the bindings of each dispatch. */
  constructor(device: Device, bytes: readonly number[], now = () => performance.now()) {
    this.#device = device.device;
    this.#budget = device.software ? null : new SubmitBudget(bytes);
    this.#now = now;
  }

  /** Starts a run of the list's first `dispatches`. */
  begin(dispatches: number): void {
    const ends = this.#budget?.split(0, dispatches) ?? [dispatches];
    const due = this.#runs < firstTimed || this.#runs % timedEvery === 0;
    const timed = this.#budget !== null && due && !this.#timing;
    this.#runs++;
    this.#run = { ends, submits: 0, at: 0, times: timed ? { startedAt: this.#done(), doneAt: [] } : null };
  }

  /** Encodes copies between two dispatches, or at either end. Returns the result of `encode`. */
  copy<Result>(encode: (encoder: GPUCommandEncoder) => Result): Result {
    this.#pass?.end();
    this.#pass = null;
    this.#encoder ??= this.#device.createCommandEncoder();
    return encode(this.#encoder);
  }

  /** Encodes the next dispatches of the list: those of a program from `first` up to but excluding `end`. */
  encode(program: Program, first = 0, end = program.length): void {
    const run = this.#run;
    if (run === null) throw new Error('no run was started');
    for (let from = first; from < end; ) {
      // A full submit is sent only when another dispatch follows, so that the run's last copies are in its last submit.
      if (run.at === run.ends[run.submits]) this.#submit(run);
      const until = Math.min(end, from + (run.ends[run.submits] ?? Infinity) - run.at);
      this.#encoder ??= this.#device.createCommandEncoder();
      this.#pass ??= this.#encoder.beginComputePass();
      program.encode(this.#pass, from, until);
      run.at += until - from;
      from = until;
    }
  }

  /** Submits the remaining commands. */
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

  /** Resolves to the time when all submitted work is done. */
  async #done(): Promise<number> {
    await this.#device.queue.onSubmittedWorkDone();
    return this.#now();
  }
}
