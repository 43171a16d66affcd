import { dirname, join } from 'node:path';
import { Command } from 'commander';
import pino from 'pino';
import { nations } from '../../client/data/nations.ts';
import { TapestryError } from '../../client/errors.ts';
import type { NewRun } from '../../relay/run.ts';
import { type Relay, startRelay } from '../../relay/server.ts';
import type { TlsOption } from '../../relay/tls.ts';
import { exportBase } from './export-base.ts';
import { Interrupt } from './interrupt.ts';
import { invitation } from './invitation.ts';
import { newRun } from './new-run.ts';
import { decimal, whole, withExamples, withJson } from './options.ts';
import { Output } from './output.ts';
import { Progress } from './progress.ts';
import { checkSameRun, decideRun, type RunFlags, withRunFlags } from './run-flags.ts';
import { announceSamples } from './samples.ts';
import { tokenOf } from './token.ts';

interface RelayFlags extends RunFlags {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly tls: string;
  readonly data: string;
  readonly name?: string;
  readonly quorum?: number;
  readonly target?: number;
  readonly deadline?: number;
  readonly grace?: number;
  readonly prompt: string;
  readonly exit: boolean;
  readonly json: boolean;
}

const defaults = {
  name: 'A shared base',
  preset: 'nano',
  quorum: 1,
  target: 16,
  deadline: 600,
  grace: 15,
} as const;
const maxNodes = 4096;

export function relayCommand(): Command {
  const command = new Command('relay')
    .description(
      'Serve a run that tabs, Node and Deno join, with its pages. A relay that is started again on the same data ' +
        'goes on where it was, whatever ended it.',
    )
    .option('--host <address>', 'where to listen; anything but this machine needs a token', '127.0.0.1')
    .option('--port <number>', '0 takes any that is free', whole(0, 65_535), 8765)
    .option('--token <token>', 'what nodes must know to join; better the variable TAPESTRY_TOKEN or a file')
    .option('--token-file <file>', 'a file with the token')
    .option('--tls <how>', 'off, auto (a certificate of its own) or cert.pem,key.pem', 'off')
    .option('--data <folder>', 'the run: journal, payloads, bases, key', '.tapestry/relay')
    .option('--name <text>', `the run's name (default: "${defaults.name}")`);
  withRunFlags(command, defaults.preset)
    .option(
      '--quorum <count>',
      `least contributions of a round (default: ${defaults.quorum})`,
      whole(1, 1024),
    )
    .option('--target <count>', `a round ends at this many (default: ${defaults.target})`, whole(1, 1024))
    .option('--deadline <seconds>', `and by then (default: ${defaults.deadline})`, decimal(1, 4_000_000))
    .option(
      '--grace <seconds>',
      `and this long after its quorum (default: ${defaults.grace})`,
      decimal(0, 4_000_000),
    )
    .option('--prompt <text>', 'what the text samples continue', 'All human beings ')
    .option('--exit', 'end when the run is complete instead of serving it', false)
    .action(runRelay);
  return withExamples(withJson(command), [
    'tapestry relay --rounds 100',
    'TAPESTRY_TOKEN=warp-and-weft tapestry relay --host 0.0.0.0 --tls auto --target 20',
    'tapestry relay --host 0.0.0.0 --token-file token.txt --tls cert.pem,key.pem --preset mini',
  ]);
}

async function runRelay(flags: RelayFlags): Promise<void> {
  const output = new Output(flags.json);
  const interrupt = new Interrupt(output, 'Stopping; the same command goes on from here.');
  const token = (await tokenOf(flags)) ?? process.env['TAPESTRY_TOKEN'];
  const relay = await openRelay(flags, token);
  try {
    const invited = invitation(relay, flags.host, token);
    output.progress({ event: 'listening', run: relay.runId, ...invited.fact }, invited.text(output.live));
    const progress = new Progress(relay, output);
    const every = Math.max(1, Math.ceil(relay.manifest.strategy.rounds / 20));
    const sampling = { every, prompt: flags.prompt, maxTokens: 120, seed: flags.seed };
    const samples = announceSamples(
      relay,
      sampling,
      (sample) => progress.sample(sample),
      (problem) => progress.problem(problem),
    );
    const complete = relay.complete.then(() => exportBase(relay, join(flags.data, 'base'), []));
    const announced = complete.then((base) =>
      progress.say({ event: 'complete', ...base }, `The run is complete; its base is in ${base.base}.`),
    );
    await Promise.race([interrupt.heard, flags.exit ? announced : announced.then(() => interrupt.heard)]);
    progress.stop();
    await samples.abandon();
  } finally {
    await relay.close();
  }
}

/** Serves the run that the folder holds, or a new one of these flags. */
async function openRelay(flags: RelayFlags, token: string | undefined): Promise<Relay> {
  const options = {
    folder: flags.data,
    host: flags.host,
    port: flags.port,
    tls: tlsOf(flags.tls),
    pages: join(dirname(process.argv[1] ?? ''), '..', 'pages'),
    log: pino({ level: 'warn' }, pino.destination(2)),
    ...(token === undefined ? {} : { token }),
  };
  try {
    const relay = await startRelay(options);
    const next = 'Leave these flags out to go on with it, or name another folder with --data.';
    const { quorum, target } = relay.manifest.limits;
    const more = [
      ['--quorum', flags.quorum, quorum],
      ['--target', flags.target, target],
    ] as const;
    try {
      checkSameRun(relay.manifest, flags, next, more);
    } catch (error) {
      await relay.close();
      throw error;
    }
    return relay;
  } catch (error) {
    if (!(error instanceof TapestryError) || error.code !== 'run.missing') throw error;
    return startRelay({ ...options, create: await relayRun(flags) });
  }
}

async function relayRun(flags: RelayFlags): Promise<NewRun> {
  const quorum = flags.quorum ?? defaults.quorum;
  return newRun({
    ...(await decideRun(flags, defaults.preset)),
    name: flags.name ?? defaults.name,
    nations: nations.map(({ name }) => name),
    quorum,
    target: flags.target ?? Math.max(quorum, defaults.target),
    deadlineMs: 1000 * (flags.deadline ?? defaults.deadline),
    graceMs: 1000 * (flags.grace ?? defaults.grace),
    maxNodes,
    created: Date.now(),
  });
}

function tlsOf(how: string): TlsOption {
  if (how === 'off' || how === 'auto') return how;
  const [cert, key, more] = how.split(',');
  if (cert && key && more === undefined) return { cert, key };
  throw new TapestryError(
    'usage.tls',
    `--tls ${how} is none of off, auto and cert.pem,key.pem.`,
    'Use one of these.',
  );
}
