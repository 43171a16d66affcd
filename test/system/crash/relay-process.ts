import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** `tapestry relay` on a folder that holds a run, in a process of its own. */
export class RelayProcess {
  readonly #words: readonly string[];
  #child: ChildProcess | null = null;
  #complaints = '';

  /** `more` are further words of the command. */
  constructor(tapestry: string, folder: string, port: number, more: readonly string[] = []) {
    this.#words = [tapestry, 'relay', '--data', folder, '--port', String(port), '--json', ...more];
  }

  /** The id of the running process. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`the relay does not run: ${this.#complaints}`);
    return pid;
  }

  /** The stderr of all its processes. */
  get complaints(): string {
    return this.#complaints;
  }

  start(): void {
    const child = spawn(process.execPath, this.#words, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (bytes: Buffer) => {
      this.#complaints += bytes.toString();
    });
    this.#child = child;
  }

  /** Sends SIGKILL, so the process runs no further code. True if it was still running. */
  async kill(): Promise<boolean> {
    return (await this.#end('SIGKILL')) === 'SIGKILL';
  }

  /** Sends SIGINT, as Ctrl-C does. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<NodeJS.Signals | null> {
    const child = this.#child;
    if (child === null) return null;
    this.#child = null;
    if (child.exitCode !== null || child.signalCode !== null) return child.signalCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.signalCode;
  }
}
