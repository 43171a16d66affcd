import { Command, Option } from 'commander';
import { decimal, whole } from '../../apps/cli/options.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { presetNames } from '../../client/model/config.ts';
import { printRecords } from '../print-records.ts';
import { type PacingOptions, pacing } from './bench.ts';

/** `bench pacing`. */
export function pacingCommand(): Command {
  return new Command('pacing')
    .description(
      'nodes of different speeds in timed rounds, and as many tokens in rounds of fixed steps: who counts, time, loss',
    )
    .addOption(new Option('--preset <name>', 'the model').choices(presetNames).default('nano'))
    .addOption(
      new Option('--speeds <counts>', 'tokens a second of each node')
        .default([3000, 500, 100], '3000,500,100')
        .argParser((text) => text.split(',').map(whole(1, 1_000_000_000))),
    )
    .option('--rounds <count>', 'timed rounds', whole(1, 100_000), 20)
    .option('--steps <count>', 'most local steps a round', whole(1, 100_000), 30)
    .option('--batch <count>', 'windows a step', whole(1, 1024), 1)
    .option('--overhead <milliseconds>', "from a round's opening to the first step", decimal(0, 1e6), 200)
    .option('--upload <milliseconds>', 'of a contribution', decimal(0, 1e6), 400)
    .option('--grace <milliseconds>', 'for uploads while those are not measured', decimal(1000, 1e6), 15_000)
    .option(
      '--upper-layers <count>',
      'besides, timed rounds of a run that grants so many upper layers to a device that is too slow',
      whole(1, 1024),
    )
    .option('--seed <number>', 'another seed gives another run', whole(0, 1_000_000), 0)
    .option('--json', 'one JSON object a line')
    .action(async (flags: Omit<PacingOptions, 'gpu'>) => {
      await printRecords(pacing({ ...flags, gpu: await nodeGpu() }));
    });
}
