import { Command, Option } from 'commander';
import { whole } from '../../apps/cli/options.ts';
import { type PresetName, presetNames } from '../../client/model/config.ts';
import { printRecords } from '../print-records.ts';
import { snapshotBench } from './bench.ts';

/** `bench snapshot`. */
export function snapshotCommand(): Command {
  const presets = new Option('--preset <names...>', 'sizes of the model').choices(presetNames);
  return new Command('snapshot')
    .description('bytes and time of a snapshot of a round in work, with which a node goes on after a restart')
    .addOption(presets.default(['nano', 'mini']))
    .option('--repeats <count>', 'snapshots of each size', whole(1, 1000), 9)
    .option('--json', 'one JSON object a line')
    .action(async ({ preset, repeats }: { preset: readonly PresetName[]; repeats: number }) => {
      await printRecords(snapshotBench({ presets: preset, repeats }));
    });
}
