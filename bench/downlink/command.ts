import { Command, Option } from 'commander';
import { whole } from '../../apps/cli/options.ts';
import { codecNames } from '../../apps/cli/run/choices/delta-choices.ts';
import { downlinkNames } from '../../apps/cli/run/choices/downlink-choices.ts';
import { printRecords } from '../print-records.ts';
import { type DownlinkOptions, downlinkBench } from './bench.ts';

/** `bench downlink`. */
export function downlinkCommand(): Command {
  return new Command('downlink')
    .description('loss of a tiny model by how bases reach the nodes, and what a node downloads of a round')
    .option('--nodes <count>', 'of a run', whole(1, 1024), 16)
    .option('--rounds <count>', 'of a run', whole(1, 10_000), 20)
    .option('--seeds <count>', 'runs of each', whole(1, 100), 3)
    .addOption(new Option('--codec <name>', 'how deltas are sent').choices(codecNames).default('dense'))
    .option('--json', 'one JSON object a line')
    .action(async (flags: Omit<DownlinkOptions, 'downlinks'>) => {
      await printRecords(downlinkBench({ ...flags, downlinks: downlinkNames }));
    });
}
