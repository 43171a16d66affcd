import { Command, Option } from 'commander';
import { decimal, whole } from '../../apps/cli/options.ts';
import { printRecords } from '../print-records.ts';
import { type UpstreamBenchOptions, upstreamBench } from './bench.ts';

/** `bench upstream`. */
export function upstreamCommand(): Command {
  return new Command('upstream')
    .description(
      'relays below an upstream relay that wait for its bases, and relays that mix them in, behind slow lines: loss and time',
    )
    .addOption(
      list('--speeds <counts>', 'steps of a node of each nation in a unit of time', [1, 2, 4], [0.001, 1000]),
    )
    .option('--nodes <count>', 'of each nation', whole(1, 100), 2)
    .option('--steps <count>', 'local steps of a round of a nation', whole(1, 10_000), 8)
    .option('--time <units>', 'of a run', decimal(1, 1e6), 400)
    .addOption(
      list('--links <units>', 'one way between a nation and the upstream relay', [0, 8, 32], [0, 1e6]),
    )
    .addOption(
      list(
        '--every <rounds>',
        'nations that mix send their work up after so many rounds',
        [1, 4],
        [1, 65_536],
      ),
    )
    .addOption(list('--weights <shares>', 'of the upstream base where it is mixed in', [0.25, 1], [0.001, 1]))
    .option('--seeds <count>', 'runs of each way', whole(1, 100), 3)
    .option('--json', 'one JSON object a line; the last is the summary')
    .action((flags: UpstreamBenchOptions) => printRecords(upstreamBench(flags)));
}

function list(
  flag: string,
  meaning: string,
  usual: readonly number[],
  [least, most]: readonly [number, number],
) {
  return new Option(flag, meaning)
    .default(usual, usual.join(','))
    .argParser((text) => text.split(',').map(decimal(least, most)));
}
