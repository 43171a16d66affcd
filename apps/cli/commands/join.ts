import { Argument, Option } from 'commander';
import { Contributor } from '../../../client/contribute/contributor.ts';
import type { Network } from '../../../client/contribute/network.ts';
import { parseRunId } from '../../../client/contribute/protocol/handshake.ts';
import { usedEntries } from '../../../client/data/cards/data-entry.ts';
import type { Corpus } from '../../../client/data/corpus.ts';
import { Problems } from '../../../client/data/reading/problems.ts';
import { loadNation } from '../../../client/data/udhr/nations.ts';
import { TapestryError } from '../../../client/errors.ts';
import { loadCorpusFiles, textFilesAt } from '../../../client/host/corpus-files.ts';
import type { Runtime } from '../../../client/runtime.ts';
import { checkedPower } from '../../../client/train/loop/throttle.ts';
import { fingerprintWords } from '../../../relay/wire/certificate/fingerprint-words.ts';
import { DataJournal } from '../cards/data-journal.ts';
import { hashOfFile, requireUse } from '../cards/data-use.ts';
import { Command } from '../command.ts';
import { corpusName } from '../corpus-name.ts';
import { environment } from '../environment.ts';
import { exit } from '../exit-codes.ts';
import { dataOption, whole, withExamples, withJson } from '../options.ts';
import { fingerprintOf } from '../run/fingerprint.ts';
import { looksLikeRelay, relayAddress } from '../run/relay-address.ts';
import { tokenOf } from '../run/token.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { JoinPanel } from '../terminal/join-panel.ts';
import { Output } from '../terminal/output.ts';
import { streams } from '../terminal/streams.ts';
import { describe } from './join-progress.ts';

interface JoinFlags {
  readonly corpus?: string;
  readonly text?: string[];
  readonly data: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly run?: string;
  readonly power: number;
  readonly seed?: number;
  readonly fingerprint?: string;
  readonly json: boolean;
}

interface Place {
  readonly runtime: Runtime;
  readonly network: Network;
}

export function joinCommand(): Command {
  const command = new Command('join')
    .description('Contribute to the run of a relay, by training on text that stays on this machine.')
    .addArgument(
      new Argument(
        '[relay]',
        'its address or the link that it prints, such as https://relay.example/#token=warp-and-weft (TAPESTRY_RELAY)',
      ),
    )
    .addOption(
      new Option(
        '--corpus <name>',
        'train on a built-in corpus: the declaration in these languages',
      ).argParser(corpusName),
    )
    .addOption(
      new Option('--text <pattern...>', 'train on these files, folders or globs of UTF-8 text or JSONL'),
    )
    .addOption(dataOption('node', 'identity and resume state'))
    .addOption(new Option('--token <token>', 'what the relay asks of those who join'))
    .addOption(new Option('--token-file <file>', 'a file with the token'))
    .addOption(new Option('--run <id>', 'join only this run'))
    .addOption(
      new Option('--power <share>', 'share of the time to work, from 0.1 to 1')
        .default(1)
        .argParser((text) => checkedPower(Number(text))),
    )
    .addOption(
      new Option('--seed <number>', "order of the text's windows (default: from this node's key)").argParser(
        whole(0, 0x7fff_ffff),
      ),
    )
    .addOption(
      new Option('--fingerprint <sha256>', 'trust the relay whose certificate has this SHA-256').argParser(
        fingerprintOf,
      ),
    )
    .action(join);
  withJson(command).addHelpText(
    'after',
    `
Ctrl-C ends a contribution that is being sent, then leaves; again, at once. SIGTERM does the same.

With Deno, cut to the relay and the folder (and to TAPESTRY_* with --allow-env=TAPESTRY_TOKEN,…):
  $ deno run --no-remote --no-npm --no-prompt --allow-net=127.0.0.1:8765 \\
      --allow-read=.tapestry/node --allow-write=.tapestry/node \\
      dist/headless/join.js http://127.0.0.1:8765 --corpus Romance --data .tapestry/node`,
  );
  return withExamples(command, [
    'tapestry join http://127.0.0.1:8765 --corpus Romance',
    "tapestry join https://relay.example --text 'essays/**/*.txt' notes.jsonl --token-file token.txt",
    "tapestry join 'http://192.168.1.7:8765/#token=warp-and-weft&fingerprint=…' --corpus Romance",
    'tapestry join https://192.168.1.7:8765 --corpus Bantu --fingerprint 5f:0c:… --power 0.5',
  ]);
}

async function join(argument: string | undefined, given: JoinFlags): Promise<void> {
  const { address, flags } = withAddress(argument, given);
  const output = new Output(flags.json);
  streams.serve();
  const {
    url: relay,
    token: invited,
    fingerprint: pinned,
  } = relayAddress(address ?? environment('TAPESTRY_RELAY'), flags.fingerprint);
  const token = (await tokenOf(flags)) ?? invited;
  if (flags.text !== undefined) await contributeFiles(flags.text, flags.data, relay);
  const corpus = await corpusOf(flags, output);
  const { runtime, network } = await placeFor(flags.data, pinned);
  // Deno compares no fingerprint: it trusts the file of --cert.
  if (pinned !== undefined && !('Deno' in globalThis)) {
    const certificate = fingerprintWords(pinned);
    output.progress(
      { event: 'pinned', certificate },
      `Joins only the relay whose certificate is: ${certificate}`,
    );
  }
  const panel = new JoinPanel();
  const contributor = new Contributor(runtime, network, {
    relay,
    corpus,
    corpusName: flags.corpus ?? null,
    power: flags.power,
    seed: flags.seed ?? (await seedOf(network)),
    onEvent: (event) => {
      if (output.json) return output.progress(event, '');
      panel.hear(event);
      const line = output.live && event.event === 'step' ? null : describe(event);
      if (line !== null) output.log(line);
      output.draw(event.event === 'left' ? [] : panel.lines());
    },
    ...(token === undefined ? {} : { token }),
    ...(flags.run === undefined ? {} : { run: parseRunId(flags.run) }),
  });
  const interrupt = new Interrupt(output, 'Leaving the run.');
  await contributor.run(interrupt.signal);
  if (interrupt.signal.aborted) process.exitCode = exit.interrupted;
}

/** `--text a.txt URL` reads the address as one more pattern: without an argument, a pattern that is an address is it. */
function withAddress(
  argument: string | undefined,
  flags: JoinFlags,
): { address: string | undefined; flags: JoinFlags } {
  const address = argument ?? flags.text?.find(looksLikeRelay);
  if (argument !== undefined || address === undefined) return { address, flags };
  const text = flags.text?.filter((pattern) => pattern !== address) ?? [];
  const { text: _, ...rest } = flags;
  return { address, flags: text.length === 0 ? rest : { ...rest, text } };
}

/** Checks that all files may take part in contributed training, and journals that they do. Throws `card.*`. */
async function contributeFiles(patterns: readonly string[], folder: string, relay: URL): Promise<void> {
  const journal = new DataJournal(folder);
  const revoked = await journal.revoked();
  const files = [];
  for (const { name } of await textFilesAt(patterns, new Problems())) {
    const hash = await hashOfFile(name).catch(() => null);
    // A file that cannot be read is told of, and left out, where the text is read.
    if (hash !== null) files.push(await requireUse({ name, hash }, 'contribute', revoked));
  }
  await journal.use(usedEntries(files, { use: 'contribute', by: relay.origin, recipe: null }, Date.now()));
}

async function corpusOf(flags: JoinFlags, output: Output): Promise<Corpus> {
  if (flags.text !== undefined) {
    return loadCorpusFiles(flags.text, ({ code, message, next }) =>
      output.progress({ event: 'problem', code, message, next }, `${message} ${next}`),
    );
  }
  if (flags.corpus !== undefined) return loadNation(flags.corpus);
  throw new TapestryError(
    'usage.corpus',
    'There is no text to train on.',
    'Name your own files with --text, or a built-in corpus with --corpus, such as --corpus Romance.',
  );
}

/** The runtime and the network of the process that this command runs in. */
async function placeFor(folder: string, fingerprint: string | undefined): Promise<Place> {
  if ('Deno' in globalThis) {
    const { denoRuntime } = await import('../../../client/host/deno/runtime.ts');
    const { denoNetwork } = await import('../../../client/host/deno/network.ts');
    const runtime = denoRuntime({ folder });
    return { runtime, network: denoNetwork(runtime.files) };
  }
  const { nodeRuntime } = await import('../../../client/host/node/runtime.ts');
  const { nodeNetwork } = await import('../../../client/host/node/network.ts');
  const runtime = nodeRuntime({ folder });
  const network = nodeNetwork(runtime.files, fingerprint === undefined ? {} : { fingerprint });
  return { runtime, network };
}

/** Nodes with the same text draw it in different orders, and each node always in the same one. */
async function seedOf(network: Network): Promise<number> {
  const { publicKey } = await network.identity();
  return new DataView(publicKey.buffer).getUint32(0);
}
