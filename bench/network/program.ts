import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as v from 'valibot';

const lineSchema = v.pipe(v.string(), v.parseJson(), v.looseObject({ event: v.string() }));
export type ProgramEvent = v.InferOutput<typeof lineSchema>;

/** A command whose output is an event of JSON a line. */
export class Program {
  readonly events: ProgramEvent[] = [];
  /** What it wrote to its error output. */
  complaints = '';
  /** Resolves to its exit code, once its output is read; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  /** True once it has ended by itself. */
  hasEnded = false;
  readonly #child: ChildProcess;

  constructor(words: readonly string[]) {
    const [program = '', ...rest] = words;
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (bytes: Buffer) => {
      this.complaints += bytes.toString();
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = v.safeParse(lineSchema, line);
      if (event.success) this.events.push(event.output);
    });
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.complaints += error.message;
        resolve(null);
      });
      child.once('close', resolve);
    });
    void this.ended.then(() => {
      this.hasEnded = true;
    });
  }

  all(name: string): ProgramEvent[] {
    return this.events.filter(({ event }) => event === name);
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.ended;
  }
}
