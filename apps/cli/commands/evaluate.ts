import { Option } from 'commander';
import { clock } from '../../../client/clock.ts';
import { measuredKernels } from '../../../client/gpu/tuning/measured-kernels.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { identityInFiles } from '../../../client/identity.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { evaluatedRelay } from '../../evaluator/evaluated-relay.ts';
import { Evaluator, type EvaluatorEvent } from '../../evaluator/evaluator.ts';
import { GpuLosses } from '../../evaluator/gpu-losses.ts';
import { Command } from '../command.ts';
import { environment } from '../environment.ts';
import { exit } from '../exit-codes.ts';
import { dataOption, withExamples, withJson } from '../options.ts';
import { evaluatorPlace } from '../run/evaluator/place.ts';
import { fingerprintOf } from '../run/fingerprint.ts';
import { evaluateInThread } from '../run/guard/probe.ts';
import { relayAddress } from '../run/relay-address.ts';
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
  withJson(command).addHelpText(
    'after',
    `
Ctrl-C leaves: rounds go on without this evaluator, and wait for it no longer than once.

With Deno, cut to the relay and the folder:
  $ deno run --no-remote --no-npm --no-prompt --allow-net=127.0.0.1:8765 \\
      --allow-read=.tapestry/node --allow-write=.tapestry/node \\
      dist/headless/evaluate.js http://127.0.0.1:8765 --data .tapestry/node`,
  );
  return withExamples(command, [
    'tapestry evaluate --show-key   # for the operator: tapestry relay --quality measured --evaluators KEY,KEY,KEY',
    "tapestry evaluate 'https://relay.example/#token=warp-and-weft'",
  ]);
}

async function evaluate(argument: string | undefined, flags: EvaluateFlags): Promise<void> {
  const output = new Output(flags.json);
  streams.serve();
  if (flags.showKey) {
    const key = toHex((await identityInFiles(diskFiles(flags.data))).publicKey);
    return output.result({ event: 'key', key }, key);
  }
  const { url, token, fingerprint } = relayAddress(
    argument ?? environment('TAPESTRY_RELAY'),
    flags.fingerprint,
  );
  const { files, cache, fetch, post, gpu } = await evaluatorPlace(flags.data, fingerprint);
  const access = {
    ...{ fetch, post, identity: await identityInFiles(files) },
    token: (await tokenOf(flags)) ?? token,
  };
  const relay = await evaluatedRelay(url, access);
  const interrupt = new Interrupt(output, 'Leaving; rounds go on without this evaluator.');
  const losses = flags.cpu
    ? null
    : await GpuLosses.open(await gpu(), (device) => measuredKernels(device, cache));
  try {
    const evaluator = new Evaluator({
      ...{ ...relay, clock, evaluate: losses?.evaluate ?? evaluateInThread },
      onEvent: (event) => output.progress(event, describe(event)),
    });
    await evaluator.run(interrupt.signal);
  } finally {
    losses?.close();
  }
  if (interrupt.signal.aborted) process.exitCode = exit.interrupted;
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
