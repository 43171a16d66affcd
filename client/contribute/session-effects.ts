import { TapestryError } from '../errors.ts';
import type { SessionEvent } from './session/state.ts';

/** The asynchronous effects of a session: attempts, which run beside one another, and jobs, of which one runs at a time. */
export class SessionEffects {
  readonly #ending: AbortSignal;
  readonly #dispatch: (event: SessionEvent) => void;
  readonly #jitter: () => number;
  #job = new AbortController();
  #jobDone: Promise<void> = Promise.resolve();
  readonly #attempts = new Set<Promise<void>>();

  /** `ending` aborts every job; `jitter` is drawn from 0 to 1 for each loss of the relay. */
  constructor(ending: AbortSignal, dispatch: (event: SessionEvent) => void, jitter: () => number) {
    this.#ending = ending;
    this.#dispatch = dispatch;
    this.#jitter = jitter;
  }

  /** Tracks an effect until it completes. An error in it ends the session. */
  attempt(effect: Promise<void>): void {
    const attempt = effect
      .catch((problem: Error) => this.#dispatch({ kind: 'failed', problem }))
      .finally(() => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
  }

  /** Aborts the previous job and runs this one after the previous has ended. */
  begin(job: (signal: AbortSignal) => Promise<void>): void {
    this.#job.abort();
    this.#job = new AbortController();
    const signal = AbortSignal.any([this.#job.signal, this.#ending]);
    const before = this.#jobDone;
    this.#jobDone = (async () => {
      await before;
      if (signal.aborted) return;
      try {
        await job(signal);
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof Error ? error : new Error(String(error));
        const ofRelay = problem instanceof TapestryError && problem.code.startsWith('relay.');
        if (ofRelay) this.#dispatch({ kind: 'disconnected', problem, jitter: this.#jitter() });
        else this.#dispatch({ kind: 'failed', problem });
      }
    })();
  }

  abortJob(): void {
    this.#job.abort();
  }

  /** Lets the current job end by itself; the next begins after that. */
  releaseJob(): void {
    this.#job = new AbortController();
  }

  /** Resolves after the current job and all attempts have finished their writes. */
  async settled(): Promise<void> {
    await Promise.all([this.#jobDone, ...this.#attempts]);
  }
}
