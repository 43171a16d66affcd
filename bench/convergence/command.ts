import { Command, InvalidArgumentError, Option } from 'commander';
import { whole } from '../../apps/cli/options.ts';
import { downlinkNames } from '../../apps/cli/run/choices/downlink-choices.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { type ConvergenceOptions, convergence } from './bench.ts';
import { codecNames, outerNames } from './cases.ts';
import { wholeBatch } from './run.ts';

/** `bench convergence`. */
export function convergenceCommand(): Command {
  return new Command('convergence')
    .description('loss at equal tokens: codecs, outer steps, nodes and local steps beside one node')
    .option('--tokens <thousands>', 'of each run, at least', whole(1, 1_000_000), 1000)
    .addOption(listOf('--codecs <names>', 'how deltas are sent', codecNames, ['dense8', 'sparse']))
    .addOption(listOf('--outers <names>', "the relay's step", [...outerNames, 'suited'], ['suited']))
    .addOption(
      new Option('--nodes <counts>', 'of a run; they share the 16 windows of a step')
        .default([1, 2, 4, 8], '1,2,4,8')
        .argParser(nodesOf),
    )
    .addOption(numbersOf('--steps <counts>', 'local steps a round', [10, 30, 100], [1, 10_000]))
    .addOption(numbersOf('--dropped <per cent>', 'contributions that are lost', [0], [0, 100]))
    .addOption(listOf('--downlinks <names>', 'how bases reach the nodes', downlinkNames, ['full']))
    .option('--seeds <count>', 'runs of each case', whole(1, 100), 2)
    .option('--folder <path>', 'store results there, and do only what is left')
    .option('--json', 'one JSON object a line; the last is the summary')
    .action(async ({ tokens, ...flags }: Omit<ConvergenceOptions, 'gpu'>) => {
      const records = convergence({ ...flags, tokens: tokens * 1000, gpu: await nodeGpu() });
      for await (const record of records) process.stdout.write(`${JSON.stringify(record)}\n`);
    });
}

function listOf<Name extends string>(
  flag: string,
  meaning: string,
  names: readonly Name[],
  usual: readonly Name[],
): Option {
  return new Option(flag, `${meaning}, of ${names.join(', ')}`)
    .default(usual, usual.join(','))
    .argParser((text) =>
      text.split(',').map((part) => {
        const name = names.find((known) => known === part);
        if (name !== undefined) return name;
        throw new InvalidArgumentError(`It names some of ${names.join(', ')}.`);
      }),
    );
}

const numbers = (text: string, least: number, most: number) => text.split(',').map(whole(least, most));

function numbersOf(
  flag: string,
  meaning: string,
  usual: readonly number[],
  [least, most]: readonly [least: number, most: number],
): Option {
  return new Option(flag, meaning)
    .default(usual, usual.join(','))
    .argParser((text) => numbers(text, least, most));
}

/** The whole batch is divided among the nodes. */
function nodesOf(text: string): number[] {
  const counts = numbers(text, 1, wholeBatch);
  if (counts.every((count) => wholeBatch % count === 0)) return counts;
  throw new InvalidArgumentError(`The ${wholeBatch} windows of a step must divide among the nodes.`);
}
