import { Command, Option } from 'commander';
import { decimal, whole } from '../../apps/cli/options.ts';
import { printRecords } from '../print-records.ts';
import { type LoadOptions, loadBench } from './bench.ts';

/** `bench load`. `headless` is the folder of the built bench. */
export function loadCommand(headless: string): Command {
  return new Command('load')
    .description('a relay under the contributions of many nodes on real sockets: all accepted, waits, memory')
    .addOption(
      new Option('--nodes <counts>', 'nodes of each run')
        .default([10, 100, 300, 1000], '10,100,300,1000')
        .argParser((text) => text.split(',').map(whole(1, 4096))),
    )
    .option('--rounds <count>', 'rounds', whole(1, 1000), 5)
    .option('--layers <count>', 'of the model; 8 have 10.0M parameters', whole(1, 64), 8)
    .option(
      '--addresses <count>',
      'loopback addresses that the nodes come from (default: one each)',
      whole(1, 4096),
    )
    .option('--spread <seconds>', 'over which the uploads of a round begin', decimal(0, 3600), 0)
    .option('--seed <number>', 'another seed sends other deltas', whole(0, 1_000_000), 0)
    .option('--json', 'one JSON object a line')
    .action(async (flags: Omit<LoadOptions, 'headless'>) => {
      await printRecords(loadBench({ ...flags, headless }));
    });
}
