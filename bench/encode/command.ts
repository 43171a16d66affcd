import { Command, Option } from 'commander';
import { whole } from '../../apps/cli/options.ts';
import { printRecords } from '../print-records.ts';
import { encodeBench } from './bench.ts';

/** `bench encode`. */
export function encodeCommand(): Command {
  const parameters = new Option('--parameters <counts...>', 'of the model').argParser(
    (value: string, before: readonly number[] = []) => [...before, whole(1, 2 ** 30)(value)],
  );
  return new Command('encode')
    .description(
      'time to encode a sparse contribution with error feedback, on the processor and through WebGPU',
    )
    .addOption(parameters)
    .option('--rounds <count>', 'turns that each has', whole(1, 1000), 5)
    .option('--json', 'one JSON object a line')
    .action(async ({ parameters: counts, rounds }: { parameters?: readonly number[]; rounds: number }) => {
      await printRecords(encodeBench({ parameters: counts ?? [1e6, 1e7], rounds }));
    });
}
