import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** `tapestry relay` on a folder that holds a run, in a process of its own. */
export class RelayProcess {
  readonly #words: readonly string[];
  #child: ChildProcess | null = null;
  #complaints = '';

  constructor(tapestry: string, folder: string, port: number) {
    this.#words = [tapestry, 'relay', '--data', folder, '--port', String(port), '--json'];
  }

  /** What all of its processes wrote to stderr. */
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

  /** kill -9: nothing of the process gets to run again. Whether it was still there. */
  async kill(): Promise<boolean> {
    return (await this.#end('SIGKILL')) === 'SIGKILL';
  }

  /** As Ctrl-C does. */
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
