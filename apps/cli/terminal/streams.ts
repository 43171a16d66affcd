import { isatty, WriteStream } from 'node:tty';
import { environment } from '../environment.ts';
import { exit } from '../exit-codes.ts';

/** stdout and stderr as a command uses them. */
export type StreamName = 'stdout' | 'stderr';

/** Quiet leaves results and errors only; verbose adds what helps to find a fault. */
export type Verbosity = 'quiet' | 'usual' | 'verbose';

/** The part of a process that writing needs; tests pass one of their own. */
export interface Streams {
  readonly stdout: WritableLike;
  readonly stderr: WritableLike;
  exit(code: number): void;
}

interface WritableLike {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/**
 * Writes that survive a reader that went away (EPIPE), a full disk (ENOSPC) and a lost terminal (EIO). A command that
 * prints an answer ends when its stdout is lost: quietly after EPIPE, as `| head` expects, else with an error on stderr.
 * A command that serves or trains keeps running without output, since others depend on it.
 */
export class OutputStreams {
  readonly #streams: Streams;
  readonly #lost = new Set<StreamName>();
  #serves = false;
  verbosity: Verbosity = 'usual';

  constructor(streams: Streams) {
    this.#streams = streams;
    for (const name of ['stdout', 'stderr'] as const)
      streams[name].on('error', (error) => this.#fail(name, error));
  }

  /** From here on the loss of a stream no longer ends the process. */
  serve(): void {
    this.#serves = true;
  }

  write(name: StreamName, text: string): void {
    if (this.#lost.has(name)) return;
    try {
      this.#streams[name].write(text);
    } catch (error) {
      // A stream that is a file throws at once, for example on a full disk.
      if (!(error instanceof Error)) throw error;
      this.#fail(name, error);
    }
  }

  #fail(name: StreamName, error: NodeJS.ErrnoException): void {
    if (this.#lost.has(name)) return;
    this.#lost.add(name);
    if (this.#serves || name === 'stderr') return;
    if (error.code === 'EPIPE') {
      this.#streams.exit(exit.brokenPipe);
      return;
    }
    this.write('stderr', `error[output.failed]: stdout cannot be written: ${error.message}\n`);
    this.#streams.exit(exit.failed);
  }
}

/**
 * stderr as people see it. The front door (apps/setup/run.mjs) reads a command's stderr through a pipe and hands a terminal
 * on as descriptor 3, which knows colours and columns.
 */
export const terminal =
  environment('TAPESTRY_TERMINAL') === '3' && isatty(3) ? new WriteStream(3) : process.stderr;

/** The process's own streams. Everything that the command line prints goes through this. */
export const streams = new OutputStreams({
  stdout: process.stdout,
  stderr: terminal,
  exit: (code) => process.exit(code),
});
