import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { TapestryError } from '../../client/errors.ts';
import type { Opened, Turn } from './contender.ts';
import type { Request } from './serve.ts';
import type { Workload } from './workload.ts';

/** A place where a contender waits for requests. One is asked at a time; the others sleep. */
export interface Seat {
  open(workload: Workload): Promise<Opened>;
  turn(steps: number): Promise<Turn>;
  /** GFLOP/s; null where the contender cannot tell. */
  ceiling(): Promise<number | null>;
  /** The most memory the process had resident, in bytes; null where the system does not say. */
  peakBytes(): Promise<number | null>;
  close(): Promise<void>;
}

/** With these no driver finds a shader that it compiled before. */
export const coldEnvironment = { MESA_SHADER_CACHE_DISABLE: 'true', __GL_SHADER_DISK_CACHE: '0' };

/** A contender in a child process that speaks as `serve` does. */
export class ProcessSeat implements Seat {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #said = '';

  constructor(program: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    child.stderr.on('data', (data: Buffer) => {
      this.#said = `${this.#said}${data}`.slice(-2000);
    });
    // A child that ends early is noticed when its answer is missing.
    child.stdin.on('error', () => undefined);
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  open(workload: Workload): Promise<Opened> {
    return this.#ask({ open: workload });
  }

  turn(steps: number): Promise<Turn> {
    return this.#ask({ turn: steps });
  }

  ceiling(): Promise<number | null> {
    return this.#ask({ ceiling: true });
  }

  async peakBytes(): Promise<number | null> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8').catch(() => '');
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(status) ?? [];
    return kibibytes === undefined ? null : Number(kibibytes) * 1024;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }

  async #ask<Answer extends Opened | Turn | number | null>(request: Request): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { done, value } = await this.#answers.next();
    try {
      if (done !== true) return JSON.parse(value);
    } catch {
      // Drivers and libraries print errors on stdout, between the answers.
      this.#said = `${value}\n${this.#said}`;
    }
    throw new TapestryError(
      'bench.contender',
      `${this.#child.spawnargs.join(' ')} gave no answer:\n${this.#said.trim()}`,
      'read what it said; `npm ci` installs the peers',
    );
  }
}
