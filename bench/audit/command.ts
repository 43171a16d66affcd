import { Command } from 'commander';
import { whole } from '../../apps/cli/options.ts';
import { printRecords } from '../print-records.ts';
import { type AuditBenchOptions, auditBench } from './bench.ts';

/** `bench audit`. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('how long a run takes to be checked, by the command and by the page in Chromium')
    .option('--rounds <count>', 'of the run', whole(1, 10_000), 20)
    .option('--nodes <count>', 'of each round', whole(1, 1024), 2)
    .option('--parameters <count>', 'of the model', whole(1, 2 ** 28), 550_000)
    .option('--json', 'one JSON object a line')
    .action(async ({ rounds, nodes, parameters }: AuditBenchOptions) => {
      await printRecords(auditBench({ rounds, nodes, parameters }));
    });
}
