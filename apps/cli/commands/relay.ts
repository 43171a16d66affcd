import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { byteTokenizer, type ModelTokenizer } from '../../../client/data/tokenizer.ts';
import { nations } from '../../../client/data/udhr/nations.ts';
import { TapestryError } from '../../../client/errors.ts';
import { sha256Hex } from '../../../client/sha256.ts';
import type { NewRun } from '../../../relay/run/run.ts';
import { type ProxyAddress, proxyAddress } from '../../../relay/server/http/trusted-proxies.ts';
import { defaultLimits } from '../../../relay/server/limits.ts';
import { type Relay, startRelay } from '../../../relay/server/server.ts';
import { computeInThreads } from '../../../relay/threads/compute-threads.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { warningPages } from '../../warning/warning-page.ts';
import { Command } from '../command.ts';
import { requireBaseFolder } from '../model/base-folder.ts';
import { dataOption, decimal, whole, withExamples, withJson } from '../options.ts';
import { pagesFolder, siblingProgram } from '../program.ts';
import { payloadRoundsOf } from '../run/choices/payload-rounds.ts';
import { checkedReaders, readersIn, readersOf } from '../run/choices/reader-choices.ts';
import { exportBase, writeBaseInThread } from '../run/export-base.ts';
import { guardFact, guardText } from '../run/guard/guard-text.ts';
import { evaluateInThread, probeOf } from '../run/guard/probe.ts';
import { invitation } from '../run/invitation.ts';
import { readInvitations } from '../run/joining/invitations.ts';
import { type PresenterFlags, presenterOf, withPresenterFlags } from '../run/joining/presenter.ts';
import { newRun, usualPayloadRounds } from '../run/new-run.ts';
import { publicAddress } from '../run/relay-address.ts';
import { checkSameRun, decideRun, type RunFlags, withRunFlags } from '../run/run-flags.ts';
import { readTokenizer, tokenizerOf } from '../run/run-tokenizer.ts';
import { announceSamples } from '../run/speech/samples.ts';
import { letSpeak } from '../run/speech/speaker.ts';
import { Writer } from '../run/speech/writer.ts';
import { loadStartBase, type StartBase } from '../run/start-model.ts';
import { addressOf, type TlsFlags, tlsOf, withTlsFlags } from '../run/tls/tls-option.ts';
import { tokenOf } from '../run/token.ts';
import { joinUpstream, type UpstreamPlace, upstreamPlace } from '../run/upstream/join-upstream.ts';
import {
  mixingFlags,
  type UpstreamFlags,
  upstreamChoices,
  withUpstreamFlags,
} from '../run/upstream/upstream-flags.ts';
import { upstreamRun } from '../run/upstream/upstream-run.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { relayLog } from '../terminal/log.ts';
import { Output } from '../terminal/output.ts';
import { ProgressLine } from '../terminal/progress-line.ts';
import { streams, terminal } from '../terminal/streams.ts';
import { terminalText } from '../terminal/terminal-text.ts';

interface RelayFlags extends RunFlags, PresenterFlags, TlsFlags, UpstreamFlags {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly invitations?: string;
  readonly seats?: number;
  readonly publicUrl?: URL;
  readonly trustProxy?: readonly ProxyAddress[];
  readonly readers?: string;
  readonly data: string;
  readonly name?: string;
  readonly tokenizer?: string;
  readonly base?: string;
  readonly quorum?: number;
  readonly target?: number;
  readonly deadline?: number;
  readonly grace?: number;
  readonly keepPayloads?: number | 'all';
  readonly prompt: string;
  readonly exit: boolean;
  readonly json: boolean;
}

const defaults = {
  name: 'A shared base',
  preset: 'nano',
  quorum: 1,
  deadline: 600,
  grace: 15,
  /** For a probe that the operator chose. */
  guard: { maxIncrease: 1 },
  /**
   * For the built-in text, which may be unlike what nodes train on: a base that forgets it slowly is not refused. One that
   * learns only Chinese from nothing loses 1.7 nats on it within 3 rounds (docs/measured.md).
   */
  builtInGuard: { maxIncrease: 2, rounds: 3 },
} as const;

export function relayCommand(): Command {
  const command = new Command('relay')
    .description(
      'Serve a run that tabs, Node and Deno join, with its pages. A relay that is started again on the same data ' +
        'resumes where it stopped, after a crash too.',
    )
    .option('--host <address>', 'where to listen; anything but this machine needs a token', '127.0.0.1')
    .option('--port <number>', '0 for any free port', whole(0, 65_535), 8765)
    .addOption(
      new Option(
        '--token <token>',
        'what nodes must know to join; better the variable TAPESTRY_TOKEN or a file',
      ),
    )
    .addOption(new Option('--token-file <file>', 'a file with the token'))
    .option(
      '--invitations <file>',
      'more tokens, one a line, each with the number of nodes that may join with it',
    )
    .option(
      '--seats <count>',
      'how many nodes may join with the token (default: any number) or, without one, from one address ' +
        `(default: ${defaultLimits.seatsPerAddress})`,
      whole(1, 65_536),
    )
    .addOption(
      new Option(
        '--public-url <url>',
        'the address that people open, where it differs, as behind a proxy (TAPESTRY_PUBLIC_URL)',
      ).argParser(publicAddress),
    )
    .option(
      '--trust-proxy <address>',
      'a proxy on another machine, or its subnet: the relay counts its requests against the clients that its ' +
        'X-Forwarded-For names (more than once for more; one on this machine needs --public-url only)',
      (text: string, before: readonly ProxyAddress[] = []) => [...before, proxyAddress(text)],
    )
    .option(
      '--readers <who>',
      "who may read single contributions of a new run: anyone, members or an auditor's public key in hex " +
        '(default: members with a token, else anyone)',
      checkedReaders,
    );
  withTlsFlags(command)
    .addOption(dataOption('relay', 'the run: journal, payloads, bases, key'))
    .option('--name <text>', `the run's name (default: "${defaults.name}")`);
  const { guard, builtInGuard } = defaults;
  const usualGuard = `${guard.maxIncrease} with --probe, else ${builtInGuard.maxIncrease} and only the last ${builtInGuard.rounds} bases`;
  withRunFlags(withPresenterFlags(command), defaults.preset, usualGuard)
    .option(
      '--quorum <count>',
      `least contributions of a round (default: ${defaults.quorum})`,
      whole(1, 1024),
    )
    .option(
      '--target <count>',
      'most nodes, and so most contributions of a round (default: 4096, or fewer if their sums would lose bits)',
      whole(1, 65_536),
    )
    .option('--deadline <seconds>', `and by then (default: ${defaults.deadline})`, decimal(1, 4_000_000))
    .option(
      '--grace <seconds>',
      `and this long after most of its nodes have contributed (default: ${defaults.grace})`,
      decimal(0, 4_000_000),
    )
    .option(
      '--keep-payloads <rounds>',
      'remove the payload of a contribution once so many more rounds are committed; `verify` then begins after the ' +
        `removed ones; all to keep all (default: ${usualPayloadRounds})`,
      payloadRoundsOf,
    )
    .option(
      '--tokenizer <file>',
      'a tokenizer.json of byte-level BPE or SentencePiece for a new run (default: bytes)',
    )
    .option(
      '--base <folder>',
      'train this base on, with its own tokenizer; `tapestry import` makes one of any LLaMA model',
    )
    .option('--prompt <text>', 'what the text samples continue', 'All human beings ')
    .option('--exit', 'end when the run is complete instead of serving it', false)
    .action(runRelay);
  return withExamples(withJson(withUpstreamFlags(command)), [
    'tapestry relay --rounds 100',
    'TAPESTRY_TOKEN=warp-and-weft tapestry relay --host 0.0.0.0 --tls auto --target 20',
    'tapestry relay --host 0.0.0.0 --token-file token.txt --tls cert.pem,key.pem --preset mini',
    'tapestry relay --host 0.0.0.0 --token-file token.txt --tls acme:relay.example --acme-agree --port 443',
    'tapestry relay --token-file token.txt --public-url https://relay.example/',
    "tapestry relay --upstream 'https://relay.example/#token=warp-and-weft' --steps 10",
    'tapestry relay --base bases/smollm2 --data .tapestry/smollm2 --rounds 50',
  ]);
}

async function runRelay(flags: RelayFlags): Promise<void> {
  const output = new Output(flags.json);
  streams.serve();
  const interrupt = new Interrupt(output, 'Stopping; the same command resumes from here.');
  const token = await tokenOf(flags);
  refuseTwoModels(flags);
  const start = flags.base === undefined ? undefined : await loadStartBase(flags.base);
  const presenter = presenterOf(flags);
  const place = upstreamPlace(flags);
  const relay = await openRelay(flags, { token, presenter: presenter?.secret }, start, output, place);
  const leaving = new AbortController();
  let joined: Promise<void> = Promise.resolve();
  try {
    const base = join(flags.data, 'base');
    // A run may take days: a folder that its base cannot be written to is told before.
    await requireBaseFolder(base, relay.runId);
    const invited = invitation(relay, flags.host, token, presenter);
    output.progress(
      { event: 'listening', run: relay.runId, ...invited.fact },
      invited.text(output.live ? (terminal.rows ?? 24) : 0),
    );
    const folder = resolve(flags.data);
    output.progress({ event: 'data', folder }, `Data       ${terminalText(folder)}`);
    output.progress({ event: 'guard', ...guardFact(relay.manifest) }, guardText(relay.manifest));
    const progress = new ProgressLine(relay, output, [
      `Dashboard  ${invited.fact.dashboard}`,
      `Tab        ${invited.fact.contribute}`,
    ]);
    if (place !== null) joined = joinUpstream(relay, place, progress, leaving.signal);
    const every = Math.max(1, Math.ceil(relay.manifest.strategy.rounds / 20));
    const writer = new Writer(relay, flags.seed);
    await letSpeak(relay, writer, flags.prompt);
    const samples = announceSamples(
      relay,
      writer,
      { every, prompt: flags.prompt, maxTokens: 120 },
      (sample) => progress.sample(sample),
      (problem) => progress.problem(problem),
    );
    const complete = relay.complete.then(() => exportBase(relay, base, [], start?.name, writeBaseInThread));
    const announced = complete.then((exported) =>
      progress.say(
        { event: 'complete', ...exported },
        `The run is complete; its base is in ${exported.base}.`,
      ),
    );
    await Promise.race([interrupt.heard, flags.exit ? announced : announced.then(() => interrupt.heard)]);
    progress.stop();
    await samples.abandon();
  } finally {
    leaving.abort();
    await joined.finally(() => relay.close());
  }
}

/** A base has its own sizes and tokenizer. Throws `usage.base`. */
function refuseTwoModels({ base, preset, tokenizer }: RelayFlags): void {
  if (base === undefined || (preset === undefined && tokenizer === undefined)) return;
  throw new TapestryError(
    'usage.base',
    '--base has its own sizes and tokenizer; --preset and --tokenizer make a new model.',
    'Leave out --base, or leave out the other two.',
  );
}

/** Serves the run that the folder holds, or a new one of these flags. */
async function openRelay(
  flags: RelayFlags,
  { token, presenter }: { readonly token: string | undefined; readonly presenter: string | undefined },
  start: StartBase | undefined,
  output: Output,
  place: UpstreamPlace | null,
): Promise<Relay> {
  const tokenizer = flags.tokenizer === undefined ? start?.tokenizer : await readTokenizer(flags.tokenizer);
  const tls = tlsOf(flags);
  const publicUrl = flags.publicUrl ?? addressOf(tls, flags.port);
  const options = {
    folder: flags.data,
    host: flags.host,
    port: flags.port,
    tls,
    pages: pagesFolder(),
    plainPages: warningPages,
    log: relayLog(output),
    evaluate: evaluateInThread,
    computeOf: computeInThreads(siblingProgram('compute-worker')),
    ...(token === undefined ? {} : { token }),
    ...(presenter === undefined ? {} : { presenter }),
    ...(flags.invitations === undefined ? {} : { invitations: await readInvitations(flags.invitations) }),
    ...(flags.seats === undefined
      ? {}
      : { tokenSeats: flags.seats, limits: { seatsPerAddress: flags.seats } }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(flags.trustProxy === undefined ? {} : { trustedProxies: flags.trustProxy }),
  };
  try {
    const relay = await startRelay(options);
    const next = 'Leave these flags out to resume it, or name another folder with --data.';
    const { quorum, maxNodes } = relay.manifest.limits;
    const more = [
      ['--quorum', flags.quorum, quorum],
      ['--target', flags.target, maxNodes],
      ['--readers', flags.readers, readersIn(relay.manifest)],
      ['--keep-payloads', flags.keepPayloads, relay.manifest.limits.payloadRounds || 'all'],
      ...mixingFlags(flags, relay.manifest),
      ['--base', start?.hash, toHex(relay.manifest.initialBase)],
      ['--tokenizer', tokenizer && sha256Hex(tokenizer.file), sha256Hex((await tokenizerOf(relay)).file)],
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
    const create = await (place === null
      ? relayRun(flags, token, tokenizer, start)
      : upstreamRun(place, place.address.url, ownChoices(flags, token)));
    return startRelay({ ...options, create });
  }
}

/** What the flags decide of any new run. */
function ownChoices(flags: RelayFlags, token: string | undefined) {
  return {
    name: flags.name,
    rounds: flags.rounds,
    steps: flags.steps,
    quorum: flags.quorum ?? defaults.quorum,
    maxNodes: flags.target,
    deadlineMs: 1000 * (flags.deadline ?? defaults.deadline),
    graceMs: 1000 * (flags.grace ?? defaults.grace),
    payloadRounds: flags.keepPayloads === 'all' ? 0 : flags.keepPayloads,
    readers: readersOf(flags.readers, token !== undefined || flags.invitations !== undefined),
    created: Date.now(),
    ...upstreamChoices(flags),
  };
}

async function relayRun(
  flags: RelayFlags,
  token: string | undefined,
  tokenizer: ModelTokenizer | undefined,
  start: StartBase | undefined,
): Promise<NewRun> {
  const quorum = flags.quorum ?? defaults.quorum;
  const corpora = nations.map(({ name }) => name);
  const usualGuard = flags.probe === undefined ? defaults.builtInGuard : defaults.guard;
  return newRun({
    ...(await decideRun(flags, start?.preset ?? defaults.preset)),
    ...(start === undefined ? {} : { start }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    name: flags.name ?? defaults.name,
    corpora,
    ...(await probeOf(flags, usualGuard, tokenizer ?? byteTokenizer, corpora)),
    quorum,
    ...(flags.target === undefined ? {} : { maxNodes: flags.target }),
    deadlineMs: 1000 * (flags.deadline ?? defaults.deadline),
    graceMs: 1000 * (flags.grace ?? defaults.grace),
    ...(flags.keepPayloads === undefined
      ? {}
      : { payloadRounds: flags.keepPayloads === 'all' ? 0 : flags.keepPayloads }),
    readers: readersOf(flags.readers, token !== undefined || flags.invitations !== undefined),
    created: Date.now(),
  });
}
