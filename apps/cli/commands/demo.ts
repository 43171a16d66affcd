import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { nations } from '../../../client/data/udhr/nations.ts';
import type { NewRun } from '../../../relay/run/run.ts';
import { type Relay, startRelay } from '../../../relay/server/server.ts';
import { computeInThreads } from '../../../relay/threads/compute-threads.ts';
import { Command } from '../command.ts';
import { openDemoFolder, requireFreePort } from '../demo/folder.ts';
import { DemoNodes } from '../demo/nodes.ts';
import { summarize } from '../demo/summary.ts';
import { exit } from '../exit-codes.ts';
import { requireBaseFolder } from '../model/base-folder.ts';
import { whole, withExamples, withJson } from '../options.ts';
import { pagesFolder, siblingProgram } from '../program.ts';
import { evaluateInThread, probeOf } from '../run/guard/probe.ts';
import { newRun } from '../run/new-run.ts';
import { checkSameRun, decideRun, type RunFlags, withRunFlags } from '../run/run-flags.ts';
import { announceSamples } from '../run/speech/samples.ts';
import { letSpeak } from '../run/speech/speaker.ts';
import { Writer } from '../run/speech/writer.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { relayLog } from '../terminal/log.ts';
import { colour, Output } from '../terminal/output.ts';
import { ProgressLine } from '../terminal/progress-line.ts';
import { streams } from '../terminal/streams.ts';

interface DemoFlags extends RunFlags {
  readonly nodes?: number;
  readonly port: number;
  readonly data: string;
  readonly exit: boolean;
  readonly fresh: boolean;
  readonly prompt: string;
  readonly json: boolean;
}

const host = '127.0.0.1';
const defaultNodes = 3;
const demoSeats = 1024;
/** A round waits this long at most: far longer than a slow machine takes, so that only a hung node is left behind. */
const deadlineMs = 20 * 60_000;
const graceMs = 120_000;
/** How much worse a base may be, in nats a token: a step back of an honest round is far smaller. */
const usualGuard = { maxIncrease: 0.25 };

export function demoCommand(): Command {
  const command = new Command('demo')
    .description(
      'A whole run on this machine: a relay, and nodes that hold the Universal Declaration of Human Rights in the ' +
        'languages of one nation each. The same command resumes a demo that was stopped.',
    )
    .option('--nodes <count>', `nodes, a nation each (default: ${defaultNodes})`, whole(1, nations.length));
  withRunFlags(command, 'auto', String(usualGuard.maxIncrease))
    .option('--port <number>', 'of the relay and its dashboard; 0 for any free port', whole(0, 65_535), 8765)
    .option('--data <folder>', 'where the run is kept, and its model in base/', '.tapestry/demo')
    .option('--exit', 'end when the run is complete instead of serving the dashboard', false)
    .option('--fresh', 'delete the run in the data folder and start over', false)
    .option('--prompt <text>', 'what the text samples continue', 'All human beings ')
    .action(runDemo);
  return withExamples(withJson(command), [
    'npm start',
    'npm start -- --nodes 5 --rounds 40 --preset micro',
    'npm start -- --rounds 3 --exit --json',
  ]);
}

async function runDemo(flags: DemoFlags): Promise<void> {
  const output = new Output(flags.json);
  streams.serve();
  await requireFreePort(host, flags.port);
  const folder = await openDemoFolder(flags.data, flags.fresh);
  const interrupt = new Interrupt(output, 'Stopping; the same command resumes from here.');
  const create = folder.begun ? undefined : await demoRun(flags);
  const relay = await startRelay({
    folder: folder.relay,
    host,
    port: flags.port,
    tls: 'off',
    pages: pagesFolder(),
    log: relayLog(output),
    evaluate: evaluateInThread,
    computeOf: computeInThreads(siblingProgram('compute-worker')),
    // All nodes of a demo are on this machine, with the tabs that its user opens.
    limits: { seatsPerAddress: demoSeats },
    ...(create === undefined ? {} : { create }),
  });
  try {
    checkDemo(relay, flags);
    await requireBaseFolder(folder.base, relay.runId);
    const dashboard = new URL('dashboard', relay.url).href;
    const { rounds } = relay.manifest.strategy;
    output.progress(
      { event: 'listening', dashboard, contribute: relay.url.href, run: relay.runId, rounds },
      `Dashboard: ${colour('bold', dashboard)}\nJoin from this machine's browser: ${relay.url.href}`,
    );
    const finished = await trainToTheEnd(relay, flags, output, interrupt);
    if (!finished) {
      process.exitCode = exit.interrupted;
      return;
    }
    const summary = await summarize(relay, folder.base, output);
    output.result(summary.fact, summary.text);
    if (flags.exit) return;
    output.log(`The dashboard stays at ${dashboard}; Ctrl-C ends it.`);
    await interrupt.heard;
  } finally {
    await relay.close();
  }
}

async function demoRun(flags: DemoFlags): Promise<NewRun> {
  const nodes = flags.nodes ?? defaultNodes;
  const corpora = nations.slice(0, nodes).map(({ name }) => name);
  const decided = await decideRun({ ...flags, period: flags.period ?? nodes }, 'auto');
  return newRun({
    ...decided,
    name: 'Demonstration',
    corpora,
    ...(await probeOf(flags, usualGuard, byteTokenizer, corpora)),
    // A round of arrivals waits for nobody.
    quorum: decided.pace === 'arrivals' ? 1 : Math.max(1, nodes - 1),
    deadlineMs,
    graceMs,
    readers: 'anyone',
    created: Date.now(),
  });
}

function checkDemo(relay: Relay, flags: DemoFlags): void {
  const next =
    'Leave these flags out to resume it, start over with --fresh, or name another folder with --data.';
  checkSameRun(relay.manifest, flags, next, [['--nodes', flags.nodes, relay.manifest.corpora.length]]);
}

/** Runs the nodes until the run is complete; false where Ctrl-C came first. */
async function trainToTheEnd(
  relay: Relay,
  flags: DemoFlags,
  output: Output,
  interrupt: Interrupt,
): Promise<boolean> {
  if (relay.status().round.phase === 'complete') return true;
  const progress = new ProgressLine(relay, output);
  const writer = new Writer(relay, flags.seed);
  await letSpeak(relay, writer, flags.prompt);
  const samples = announceSamples(
    relay,
    writer,
    {
      every: Math.max(1, Math.ceil(relay.manifest.strategy.rounds / 10)),
      prompt: flags.prompt,
      maxTokens: 120,
    },
    (sample) => progress.sample(sample),
    (problem) => progress.problem(problem),
  );
  const nodes = new DemoNodes({
    relay: relay.url,
    program: siblingProgram('join'),
    folder: flags.data,
    corpora: relay.manifest.corpora,
    seed: flags.seed,
    onDeath: (death) => progress.death(death),
  });
  try {
    const complete = relay.complete.then(() => true);
    const finished = await Promise.race([complete, interrupt.heard.then(() => false), nodes.failed]);
    if (finished) await Promise.all([nodes.left(), samples.finish()]);
    return finished;
  } finally {
    await nodes.stop();
    await samples.abandon();
    progress.stop();
  }
}
