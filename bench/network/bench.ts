import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { clock } from '../../client/clock.ts';
import { forwardedLine } from './forwarded.ts';
import type { Line, LineOptions } from './line.ts';
import { namespaceLine } from './namespaces.ts';
import { outcome } from './outcome.ts';
import { Program } from './program.ts';

export interface NetworkOptions {
  readonly steps: number;
  /** Milliseconds one way, and per cent of the packets that are lost. */
  readonly delay: number;
  readonly loss: number;
  /** Seconds of the partition. */
  readonly partition: number;
  /** Contributions of each node beyond the line before the partition, and after it. */
  readonly before: number;
  readonly after: number;
  readonly seed: number;
  /** Folder of the built bench. */
  readonly headless: string;
}

const listening = v.object({ contribute: v.string() });
const inRound = v.object({ round: v.number() });

/** How often a condition is looked at, in milliseconds. */
const look = 100;

/** More rounds than any run here has: it ends once enough has been seen. */
const rounds = 10_000;

const token = 'warp-and-weft';

/** A network of namespaces; the forwarder where they cannot be made, and why. */
async function openLine(
  options: LineOptions,
): Promise<{ readonly line: Line; readonly lacking: string | null }> {
  try {
    return { line: await namespaceLine(options), lacking: null };
  } catch (error) {
    const lacking = error instanceof Error ? error.message.trim() : String(error);
    return { line: forwardedLine(options), lacking };
  }
}

/**
 * A relay with one node beside it, and two nodes beyond a bad line (Node and Deno), each a process of its own. While the far
 * nodes train, the line is cut for a while. Yields what happens; the last record says what became of every contribution.
 */
export async function* networkBench(options: NetworkOptions): AsyncGenerator<object> {
  const { headless, steps, delay, loss, partition, before, after, seed } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-network-'));
  const { line, lacking } = await openLine({ delay, loss: loss / 100, seed });
  const programs: Program[] = [];
  const startedAt = performance.now();
  const at = () => Math.round(performance.now() - startedAt) / 1000;
  const run = (words: readonly string[]) => {
    const program = new Program(words);
    programs.push(program);
    return program;
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) {
      const dead = programs.find(({ hasEnded }) => hasEnded);
      if (dead !== undefined) throw new Error(`a process ended: ${dead.complaints.trim()}`);
      await clock.sleep(look);
    }
  };
  try {
    yield { event: 'line', kind: line.kind, lacking, delay, loss };
    const tapestry = [process.execPath, join(headless, 'tapestry.js')];
    const journal = join(folder, 'relay');
    const relay = run([
      ...[...line.near, ...tapestry, 'relay', '--host', line.host, '--port', '0', '--json', '--token', token],
      ...['--data', journal, '--rounds', String(rounds), '--steps', String(steps), '--quorum', '1'],
      ...['--grace', '60', '--keep-payloads', 'all'],
    ]);
    await until(() => relay.all('listening').length > 0);
    const port = Number(new URL(v.parse(listening, relay.all('listening')[0]).contribute).port);
    const joins = (name: string, corpus: string, url: URL) => {
      const data = join(folder, name);
      return [url.href, '--corpus', corpus, '--data', data, '--token', token, '--json'];
    };
    const away = await line.farAddress(port);
    const far = [
      run([...line.far, ...tapestry, 'join', ...joins('node', 'Romance', away)]),
      run([...line.far, ...inDeno(headless, join(folder, 'deno'), away), ...joins('deno', 'Germanic', away)]),
    ];
    await until(() => far.every((node) => node.all('synced').length > 0));
    yield { event: 'joined', at: at() };
    const beside = new URL(`http://${line.host}:${port}/`);
    const near = run([...line.near, ...tapestry, 'join', ...joins('near', 'Slavic', beside)]);
    const committed = () => relay.all('round').length;
    const newest = (node: Program, name: string) => {
      const event = node.all(name).at(-1);
      return event === undefined ? 0 : v.parse(inRound, event).round;
    };
    const trains = (node: Program) => newest(node, 'step') > newest(node, 'contribution');
    await until(() => near.all('acknowledged').length > 0);
    await until(() => far.every((node) => node.all('acknowledged').length >= before && trains(node)));
    const heal = await line.cut();
    const rounded = committed();
    yield { event: 'cut', at: at(), committed: rounded, training: far.map((node) => newest(node, 'step')) };
    await clock.sleep(1000 * partition);
    const had = far.map((node) => node.all('acknowledged').length);
    const meanwhile = committed() - rounded;
    await heal();
    yield { event: 'healed', at: at(), committedMeanwhile: meanwhile };
    await until(() => far.every((node, i) => node.all('acknowledged').length >= (had[i] ?? 0) + after));
    const seconds = at();
    const nodes = [near, ...far];
    await Promise.all(nodes.map((node) => node.stop()));
    await relay.stop();
    const carried = await line.close();
    yield {
      ...{ bench: 'network', kind: line.kind, lacking, delay, loss, partition, seconds, carried },
      ...{ rounds: committed(), committedMeanwhile: meanwhile },
      ...(await outcome(journal, { near, node: far[0] ?? near, deno: far[1] ?? near })),
    };
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    await line.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The words that run the join program in Deno, which holds it to the relay and its own folder. */
function inDeno(headless: string, folder: string, relay: URL): readonly string[] {
  const deno = join(headless, '../../node_modules/.bin/deno');
  const may = [`--allow-net=${relay.host}`, `--allow-read=${folder}`, `--allow-write=${folder}`];
  return [deno, 'run', '--no-remote', '--no-npm', '--no-prompt', ...may, join(headless, 'join.js')];
}
