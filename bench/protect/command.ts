import { Command } from 'commander';
import { whole } from '../../apps/cli/options.ts';
import { printRecords } from '../print-records.ts';
import { type ProtectBenchOptions, protectBench } from './bench.ts';

const count = whole(1, 1_000_000);

/** `bench protect`. `headless` is the folder of the built bench. */
export function protectCommand(headless: string): Command {
  return new Command('protect')
    .description('protected domains: misses and false alarms, plain and disguised, and the time of a reply')
    .option('--trials <count>', 'disguised copies of each passage, for each disguise', count, 50)
    .option('--words <count>', 'words of honest text for each disguise', count, 100_000)
    .option('--replies <count>', 'replies that are timed', count, 1000)
    .option('--characters <count>', 'of a reply', count, 1000)
    .option('--seed <number>', 'another seed plants otherwise', whole(0, 1_000_000), 0)
    .option('--json', 'one JSON object a line; the last is the summary')
    .action(async (flags: Omit<ProtectBenchOptions, 'headless'>) => {
      await printRecords(protectBench({ ...flags, headless }));
    });
}
