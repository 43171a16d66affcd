import { Command } from 'commander';
import { decimal, whole } from '../../apps/cli/options.ts';
import { printRecords } from '../print-records.ts';
import { type NetworkOptions, networkBench } from './bench.ts';

/** `bench network`. `headless` is the folder of the built bench. */
export function networkCommand(headless: string): Command {
  return new Command('network')
    .description(
      'a relay and a node in one network namespace, two nodes (Node, Deno) in another: late and lost packets, and a partition; ' +
        'without the right to make namespaces, a forwarder of TCP connections',
    )
    .option('--delay <milliseconds>', 'one way', decimal(0, 10_000), 100)
    .option('--loss <per cent>', 'of the packets', decimal(0, 50), 2)
    .option(
      '--partition <seconds>',
      'for which the line is cut, while the far nodes train',
      decimal(0, 3600),
      30,
    )
    .option('--before <count>', 'contributions of each far node before the partition', whole(1, 1000), 2)
    .option('--after <count>', 'and after it', whole(1, 1000), 2)
    .option('--steps <count>', 'most local steps a round', whole(1, 100_000), 10)
    .option('--seed <number>', 'another seed loses other packets', whole(0, 1_000_000), 1)
    .option('--json', 'one JSON object a line')
    .action(async (flags: Omit<NetworkOptions, 'headless'>) => {
      await printRecords(networkBench({ ...flags, headless }));
    });
}
