import { Option } from 'commander';
import { clock } from '../../../client/clock.ts';
import { TapestryError } from '../../../client/errors.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { fetchPinnedTo, postPinnedTo } from '../../../client/host/node/network.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { type Identity, identityInFiles } from '../../../client/identity.ts';
import { checkEntry } from '../../../relay/journal/entry.ts';
import { Replay } from '../../../relay/journal/replay.ts';
import type { Evaluate } from '../../../relay/run/guard/guard.ts';
import { relaySource } from '../../../relay/verify/http-source.ts';
import { evaluationsPath } from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import type { ReaderSecret } from '../../../relay/wire/reader-proof.ts';
import { Command } from '../command.ts';
import { environment } from '../environment.ts';
import { exit } from '../exit-codes.ts';
import { dataOption, withExamples, withJson } from '../options.ts';
import { Evaluator, type EvaluatorEvent } from '../run/evaluator/evaluator.ts';
import { GpuLosses } from '../run/evaluator/probe-losses.ts';
import { fingerprintOf } from '../run/fingerprint.ts';
import { evaluateInThread } from '../run/guard/probe.ts';
import { type RelayAddress, relayAddress } from '../run/relay-address.ts';
import { tokenOf } from '../run/token.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { Output } from '../terminal/output.ts';
import { streams } from '../terminal/streams.ts';

interface EvaluateFlags {
  readonly data: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly fingerprint?: string;
  readonly showKey: boolean;
  readonly cpu: boolean;
  readonly json: boolean;
}

/** Time for the answer to an evaluation, in milliseconds. */
const answerMs = 20_000;

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description(
      "Score the contributions to a run by the change of the loss on its public probe, with this machine's GPU. The run's manifest names " +
        'the keys that may: give yours to whoever starts it. With enough evaluators the medians of their scores decide what contributions weigh.',
    )
    .argument('[relay]', 'its address or the link that it prints (TAPESTRY_RELAY)')
    .addOption(dataOption('node', 'the folder of this key'))
    .option('--show-key', 'print the public key of this folder, and end', false)
    .option('--cpu', 'use the processor in place of the GPU', false)
    .addOption(new Option('--token <token>', 'the join token, where only members may read contributions'))
    .addOption(new Option('--token-file <file>', 'a file with the token'))
    .option('--fingerprint <sha256>', 'trust the relay whose certificate has this SHA-256', fingerprintOf)
    .action(evaluate);
  return withExamples(withJson(command), [
    'tapestry evaluate --show-key   # for the operator: tapestry relay --quality measured --evaluators KEY,KEY,KEY',
    "tapestry evaluate 'https://relay.example/#token=warp-and-weft'",
  ]);
}

async function evaluate(argument: string | undefined, flags: EvaluateFlags): Promise<void> {
  const output = new Output(flags.json);
  streams.serve();
  const identity = await identityInFiles(diskFiles(flags.data));
  const key = toHex(identity.publicKey);
  if (flags.showKey) return output.result({ event: 'key', key }, key);
  const address = relayAddress(argument ?? environment('TAPESTRY_RELAY'));
  const fingerprint = flags.fingerprint ?? address.fingerprint;
  const fetch = fetchPinnedTo(fingerprint);
  const secret = await secretOf(address, fetch, identity, (await tokenOf(flags)) ?? address.token);
  const post = postPinnedTo(fingerprint);
  const url = new URL(evaluationsPath.slice(1), address.url);
  const interrupt = new Interrupt(output, 'Leaving; rounds go on without this evaluator.');
  const losses = flags.cpu ? null : await GpuLosses.open(await nodeGpu());
  try {
    const measure: Evaluate = losses?.evaluate ?? evaluateInThread;
    const evaluator = new Evaluator({
      source: relaySource(address.url, { fetch, ...(secret === undefined ? {} : { secret }) }),
      post: (bytes) => post(url, bytes, AbortSignal.any([interrupt.signal, AbortSignal.timeout(answerMs)])),
      ...{ identity, evaluate: measure, clock },
      onEvent: (event) => output.progress(event, describe(event)),
    });
    await evaluator.run(interrupt.signal);
  } finally {
    losses?.close();
  }
  if (interrupt.signal.aborted) process.exitCode = exit.interrupted;
}

/** What proves that this machine may read contributions: the token of a member, or the key of the auditor. */
async function secretOf(
  { url }: RelayAddress,
  fetch: ReturnType<typeof fetchPinnedTo>,
  { privateKey }: Identity,
  token: string | undefined,
): Promise<ReaderSecret | undefined> {
  for await (const first of relaySource(url, { fetch }).after(0)) {
    const { contributionReaders } = Replay.begin(checkEntry(first, null)).run.manifest;
    if (contributionReaders.case === 'anyone') return undefined;
    if (contributionReaders.case === 'auditor') return { key: privateKey };
    if (token !== undefined) return { token };
  }
  throw new TapestryError(
    'evaluate.no-token',
    'Only members may read the contributions of this run, and no token was given.',
    'Use the link with the token, or pass --token-file.',
  );
}

function describe(event: EvaluatorEvent): string {
  switch (event.event) {
    case 'evaluating':
      return `Evaluating run ${event.run} as one of ${event.evaluators} evaluators.`;
    case 'evaluated': {
      const scores = Object.entries(event.scores).map(([node, score]) => `${node} ${score.toFixed(4)}`);
      const told = {
        taken: 'sent',
        late: 'too late for this round',
        refused: 'refused by the relay',
      }[event.answer];
      return `round ${event.round}: ${told}; scores in nats a token: ${scores.join(', ')}`;
    }
    case 'committed':
      return `round ${event.round} is committed ${event.counted ? 'with' : 'without'} this evaluation`;
    case 'waiting':
      return `${event.message} It is tried again.`;
  }
}
