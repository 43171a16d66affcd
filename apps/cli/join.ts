import { Argument, Command, Option } from 'commander';
import { Contributor } from '../../client/contribute/contributor.ts';
import { parseRunId } from '../../client/contribute/handshake.ts';
import type { Host } from '../../client/contribute/host.ts';
import { checkedPower } from '../../client/contribute/pace.ts';
import type { Corpus } from '../../client/data/corpus.ts';
import { loadNation } from '../../client/data/nations.ts';
import { TapestryError } from '../../client/errors.ts';
import { loadCorpusFiles } from '../../client/host/corpus-files.ts';
import { exit } from './exit.ts';
import { Interrupt } from './interrupt.ts';
import { describe } from './join-progress.ts';
import { whole, withExamples, withJson } from './options.ts';
import { Output } from './output.ts';
import { relayAddress } from './relay-address.ts';
import { tokenOf } from './token.ts';

interface JoinFlags {
  readonly nation?: string;
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

export function joinCommand(): Command {
  const command = new Command('join')
    .description('Contribute to the run of a relay, by training on text that stays on this machine.')
    .addArgument(new Argument('[relay]', 'its address, such as https://relay.example:8765 (TAPESTRY_RELAY)'))
    .addOption(fromEnvironment('--nation <name>', 'train on the declaration in the languages of this nation'))
    .addOption(
      fromEnvironment('--text <pattern...>', 'train on these files, folders or globs of UTF-8 text or JSONL'),
    )
    .addOption(fromEnvironment('--data <folder>', 'identity and resume state').default('.tapestry/node'))
    .addOption(fromEnvironment('--token <token>', 'what the relay asks of those who join'))
    .addOption(fromEnvironment('--token-file <file>', 'a file with the token'))
    .addOption(fromEnvironment('--run <id>', 'join only this run'))
    .addOption(
      fromEnvironment('--power <share>', 'share of the time to work, from 0.1 to 1')
        .default(1)
        .argParser((text) => checkedPower(Number(text))),
    )
    .addOption(
      fromEnvironment(
        '--seed <number>',
        "order of the text's windows (default: from this node's key)",
      ).argParser(whole(0, 0x7fff_ffff)),
    )
    .addOption(
      fromEnvironment('--fingerprint <sha256>', 'trust the relay whose certificate has this SHA-256'),
    )
    .action(join);
  withJson(command).addHelpText(
    'after',
    `
Every option is also read from the environment: --token-file from TAPESTRY_TOKEN_FILE, and so on.
Ctrl-C ends a contribution that is being sent, then leaves; again, at once. SIGTERM does the same.

With Deno, cut to the relay and the folder (and to TAPESTRY_* with --allow-env=TAPESTRY_TOKEN,…):
  $ deno run --no-remote --no-npm --no-prompt --allow-net=127.0.0.1:8765 \\
      --allow-read=.tapestry/node --allow-write=.tapestry/node \\
      dist/headless/join.js http://127.0.0.1:8765 --nation Romance --data .tapestry/node`,
  );
  return withExamples(command, [
    'tapestry join http://127.0.0.1:8765 --nation Romance',
    "tapestry join https://relay.example --text 'essays/**/*.txt' notes.jsonl --token-file token.txt",
    'tapestry join https://192.168.1.7:8765 --nation Bantu --fingerprint 5f:0c:… --power 0.5',
  ]);
}

/** An option that TAPESTRY_<NAME> gives too. Deno without --allow-env has no environment, which is no error. */
function fromEnvironment(flags: string, description: string): Option {
  const option = new Option(flags, description);
  const name = `TAPESTRY_${option.attributeName().replace(/[A-Z]/g, '_$&').toUpperCase()}`;
  return environment(name) === undefined ? option : option.env(name);
}

function environment(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}

async function join(address: string | undefined, flags: JoinFlags): Promise<void> {
  const output = new Output(flags.json);
  const relay = relayAddress(address ?? environment('TAPESTRY_RELAY'));
  const token = await tokenOf(flags);
  const corpus = await corpusOf(flags, output);
  const host = await hostFor(flags, relay);
  const contributor = new Contributor(host, {
    relay,
    corpus,
    nation: flags.nation ?? null,
    power: flags.power,
    seed: flags.seed ?? (await seedOf(host)),
    onEvent: (event) => {
      const line = describe(event);
      if (output.json) output.result(event, '');
      else if (line !== null) output.log(line);
    },
    ...(token === undefined ? {} : { token }),
    ...(flags.run === undefined ? {} : { run: parseRunId(flags.run) }),
  });
  const interrupt = new Interrupt(output, 'Leaving the run.');
  await contributor.run(interrupt.signal);
  if (interrupt.signal.aborted) process.exitCode = exit.interrupted;
}

async function corpusOf(flags: JoinFlags, output: Output): Promise<Corpus> {
  if (flags.text !== undefined) {
    return loadCorpusFiles(flags.text, ({ code, message, next }) =>
      output.progress({ event: 'problem', code, message, next }, `${message} ${next}`),
    );
  }
  if (flags.nation !== undefined) return loadNation(flags.nation);
  throw new TapestryError(
    'usage.corpus',
    'There is no text to train on.',
    'Name a nation with --nation, or your own files with --text.',
  );
}

async function hostFor({ data, fingerprint }: JoinFlags, relay: URL): Promise<Host> {
  if ('Deno' in globalThis) {
    const { denoHost } = await import('../../client/host/deno.ts');
    return denoHost({ folder: data });
  }
  if (fingerprint !== undefined && relay.protocol !== 'https:') {
    throw new TapestryError(
      'usage.fingerprint',
      `${relay.href} has no certificate to compare.`,
      'Use its https address, or leave --fingerprint out.',
    );
  }
  const { nodeHost } = await import('../../client/host/node.ts');
  return nodeHost({ folder: data, ...(fingerprint === undefined ? {} : { fingerprint }) });
}

/** Nodes that hold the same text draw it in different orders, and each in the same order again. */
async function seedOf(host: Host): Promise<number> {
  const { publicKey } = await host.identity();
  return new DataView(publicKey.buffer).getUint32(0);
}
