import { exit } from '../exit-codes.ts';
import type { Output } from './output.ts';

/** npm and the terminal may each deliver one Ctrl-C; two this close together are one. */
const sameMilliseconds = 1000;

/**
 * Ctrl-C and SIGTERM. The first aborts the signal, on which the command finishes or leaves cleanly; a later one ends the
 * process at once, which loses nothing that was acknowledged.
 */
export class Interrupt {
  readonly #controller = new AbortController();
  #firstAt = 0;

  constructor(output: Output, farewell: string) {
    const heard = () => {
      if (!this.#controller.signal.aborted) {
        this.#firstAt = performance.now();
        output.log(`\n${farewell} Ctrl-C again to stop at once.`);
        this.#controller.abort();
      } else if (performance.now() - this.#firstAt > sameMilliseconds) {
        process.exit(exit.interrupted);
      }
    };
    process.on('SIGINT', heard);
    process.on('SIGTERM', heard);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves at the first Ctrl-C. */
  get heard(): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
