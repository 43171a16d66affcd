import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TapestryError } from '../../../client/errors.ts';
import { withoutOptions } from '../environment.ts';
import { exit } from '../exit-codes.ts';

/** A node of the demo died and what is done about it. */
export interface NodeDeath {
  readonly corpus: string;
  /** Exit code or signal. */
  readonly ended: string;
  /** The error it reported, or the last line of its stderr. */
  readonly said: string;
  readonly restartMilliseconds: number;
}

interface DemoNodesOptions {
  readonly relay: URL;
  /** The built join.js. */
  readonly program: string;
  /** Node i keeps its files in `<folder>/node-<i>`. */
  readonly folder: string;
  readonly corpora: readonly string[];
  readonly seed: number;
  readonly onDeath: (death: NodeDeath) => void;
}

const firstRestart = 1_000;
const longestRestart = 30_000;
/** A node that lived this long had started well: its next death counts as the first. */
const livedMilliseconds = 60_000;
/** Deaths in a row before the demo gives up. */
const mostDeaths = 5;
/** How long a node may take to leave when told to. */
const leaveMilliseconds = 10_000;

/**
 * The demo's nodes: one process each, as on machines of their own. Nothing passes between them and the demo but what
 * passes through the relay. `failed` rejects when a node cannot be kept alive.
 */
export class DemoNodes {
  readonly failed: Promise<never>;
  readonly #options: DemoNodesOptions;
  readonly #living = new Set<ChildProcess>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #fail: (error: TapestryError) => void = () => {};
  #stopping = false;

  constructor(options: DemoNodesOptions) {
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Someone races against it; until then a rejection is not unhandled.
    this.failed.catch(() => {});
    options.corpora.forEach((_, index) => {
      this.#start(index, 0);
    });
  }

  /** Tells every node to leave and waits until all have. A node repeats later the work that it did not send. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#living].map((child) => ended(child, true)));
  }

  /** Resolves when every node has left by itself, as they do when the run is complete. */
  async left(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#living].map((child) => ended(child, false)));
  }

  #start(index: number, deaths: number): void {
    const { program, relay, folder, corpora, seed } = this.#options;
    const corpus = corpora[index] ?? '';
    const words = [relay.href, '--corpus', corpus, '--data', join(folder, `node-${index + 1}`), '--json'];
    const child = spawn(process.execPath, [program, ...words, '--seed', String(seed + index)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: withoutOptions(process.env),
    });
    this.#living.add(child);
    const started = performance.now();
    let said = '';
    if (child.stderr)
      createInterface({ input: child.stderr }).on('line', (line) => {
        said = line.trim() === '' ? said : line;
      });
    let error: string | null = null;
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (line) => {
        error = errorOf(line) ?? error;
      });
    child.on('error', ({ message }) => {
      error = message;
    });
    child.on('close', (code, signal) => {
      this.#living.delete(child);
      if (this.#stopping) return;
      const count = performance.now() - started > livedMilliseconds ? 1 : deaths + 1;
      this.#died(index, code ?? signal ?? 'nothing', error ?? said, count);
    });
  }

  #died(index: number, ended: number | string, said: string, deaths: number): void {
    const corpus = this.#options.corpora[index] ?? '';
    if (ended === exit.usage || ended === exit.noAdapter || deaths >= mostDeaths) {
      const code = ended === exit.noAdapter ? 'adapter.missing' : 'demo.node-failed';
      const next = 'Remove the cause, then run the same command again: the run resumes.';
      this.#fail(new TapestryError(code, `The node of ${corpus} ended with ${ended}: ${said}`, next));
      return;
    }
    const restartMilliseconds = Math.min(longestRestart, firstRestart * 2 ** (deaths - 1));
    this.#options.onDeath({ corpus, ended: String(ended), said, restartMilliseconds });
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#start(index, deaths);
    }, restartMilliseconds);
    this.#timers.add(timer);
  }
}

/** The text of an `error` event among a node's JSON lines; null for any other line. */
function errorOf(line: string): string | null {
  if (!line.startsWith('{"event":"error"')) return null;
  const { message, next }: Record<string, unknown> = JSON.parse(line);
  return `${message} ${next}`;
}

/** Resolves when the process has ended, told to or by itself; one that does not is killed. */
function ended(child: ChildProcess, tell: boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), leaveMilliseconds);
    child.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    if (tell) child.kill('SIGTERM');
  });
}
