import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The exit code of a command that Ctrl-C ended. */
const interrupted = 130;

const tapestry = join(import.meta.dirname, '../../dist/headless/tapestry.js');

/** A `tapestry` command that is running. */
export interface Command {
  /** The first printed record with this event. */
  said(event: string): Promise<Readonly<Record<string, unknown>>>;
  /** Resolves once the command has ended, by Ctrl-C. */
  stop(): Promise<void>;
}

/** Starts a `tapestry` command of this checkout. It ends with this process; if it fails, this process does. */
export function start(...words: readonly string[]): Command {
  const child = spawn(process.execPath, [tapestry, ...words, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (bytes: Buffer) => {
    complaints += bytes.toString();
  });
  const end = () => child.kill('SIGINT');
  process.once('exit', end);
  const ended = once(child, 'exit').then(([code]) => {
    process.off('exit', end);
    if (code === 0 || code === interrupted) return;
    process.stderr.write(`tapestry ${words.join(' ')} ended with ${code}: ${complaints}`);
    process.exit(1);
  });
  const records: Readonly<Record<string, unknown>>[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => {
    const record: unknown = JSON.parse(line);
    if (typeof record === 'object' && record !== null) records.push({ ...record });
  });
  return {
    async said(event) {
      for (;;) {
        const found = records.find((record) => record['event'] === event);
        if (found !== undefined) return found;
        await once(lines, 'line');
      }
    },
    async stop() {
      end();
      await ended;
    },
  };
}
