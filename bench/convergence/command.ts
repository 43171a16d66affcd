import { Command, InvalidArgumentError, Option } from 'commander';
import { decimal, whole } from '../../apps/cli/options.ts';
import { downlinkNames } from '../../apps/cli/run/choices/downlink-choices.ts';
import { TapestryError } from '../../client/errors.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { printRecords } from '../print-records.ts';
import { linesOf } from '../records.ts';
import { convergence } from './bench.ts';
import { codecNames, type Matrix, outerNames, pacingNames, strategiesInRounds } from './cases.ts';
import { tablesOf } from './table/tables.ts';
import { textNames } from './texts.ts';
import { usualMatrix, wholeTable } from './whole-table.ts';

interface Flags extends Partial<Matrix> {
  readonly tokens: number;
  readonly batch: number;
  readonly seeds: number;
  readonly records?: string;
  readonly table?: true;
}

/** The records that the tables of docs/measured.md are made of. */
const committed = 'bench/convergence/records.jsonl';

/** `bench convergence`. */
export function convergenceCommand(): Command {
  return new Command('convergence')
    .description('loss at equal tokens: strategies, nodes, local steps, losses and encodings beside one node')
    .option('--tokens <thousands>', 'of each run, at least', whole(1, 1_000_000), 1228)
    .option('--batch <windows>', 'of a step of all nodes together', whole(1, 1024), 16)
    .addOption(
      names('--strategies <names>', 'how nodes train together', strategiesInRounds, usualMatrix.strategies),
    )
    .addOption(
      names('--codecs <names>', 'how deltas are sent', [...codecNames, 'suited'], usualMatrix.codecs),
    )
    .addOption(names('--outers <names>', "the relay's step", [...outerNames, 'suited'], usualMatrix.outers))
    .addOption(numbersOrSuited('--momenta <numbers>', 'of that step', 0.999))
    .addOption(numbersOrSuited('--rates <numbers>', 'of that step where it begins', 100))
    .addOption(
      numbers('--nodes <counts>', 'of a run; they share the windows of a step', [1, 1024], usualMatrix.nodes),
    )
    .addOption(numbers('--steps <counts>', 'local steps a round', [1, 10_000], usualMatrix.steps))
    .addOption(numbers('--dropped <per cent>', 'contributions that are lost', [0, 100], usualMatrix.dropped))
    .addOption(
      names('--downlinks <names>', 'how bases reach the nodes', downlinkNames, usualMatrix.downlinks),
    )
    .addOption(
      names(
        '--texts <names>',
        'what nodes train on: a text, a language family each',
        textNames,
        usualMatrix.texts,
      ),
    )
    .addOption(
      names(
        '--pacings <names>',
        'in place of strategies, four nodes that are 1 to 8 times as fast',
        pacingNames,
        [],
      ),
    )
    .option('--seeds <count>', 'runs of each case', whole(1, 100), 2)
    .option('--records <file>', 'append results to it, and do only what it lacks')
    .option('--table', `print the tables of --records (default: ${committed}) as Markdown, and run nothing`)
    .option('--json', 'one JSON object a line; the last is the summary')
    .addHelpText(
      'after',
      '\nWithout any list it runs the whole table of docs/measured.md, which changes one thing of a run at a time. With lists it runs every combination of them.',
    )
    .action(async ({ tokens, batch, seeds, records: file, table, ...lists }: Flags) => {
      if (table) {
        process.stdout.write(tablesOf(await linesOf(file ?? committed)));
        return;
      }
      const matrices = matricesOf(lists);
      requireShares(batch, matrices);
      const settings = { matrices, batch, seeds, tokens: tokens * 1000, records: file ?? null };
      await printRecords(convergence({ ...settings, gpu: await nodeGpu() }));
    });
}

/** The whole table, or every combination of the lists that are given. */
function matricesOf(lists: Partial<Matrix>): readonly Matrix[] {
  if (!Object.keys(usualMatrix).some((axis) => axis in lists)) return wholeTable;
  const strategies = lists.pacings === undefined ? usualMatrix.strategies : [];
  return [{ ...usualMatrix, strategies, ...lists }];
}

function names<Name extends string>(
  flag: string,
  meaning: string,
  known: readonly Name[],
  usual: readonly NoInfer<Name>[],
): Option {
  return new Option(flag, `${meaning}, of ${known.join(', ')}${usualOf(usual)}`).argParser((text) =>
    text.split(',').map((part) => {
      const name = known.find((one) => one === part);
      if (name !== undefined) return name;
      throw new InvalidArgumentError(`It names some of ${known.join(', ')}.`);
    }),
  );
}

/** Numbers from 0 to `most`, or the word for those of the strategy. */
function numbersOrSuited(flag: string, meaning: string, most: number): Option {
  return new Option(flag, `${meaning}${usualOf(['suited'])}`).argParser((text) =>
    text.split(',').map((part) => (part === 'suited' ? part : decimal(0, most)(part))),
  );
}

function numbers(
  flag: string,
  meaning: string,
  [least, most]: readonly [least: number, most: number],
  usual: readonly number[],
): Option {
  return new Option(flag, `${meaning}${usualOf(usual)}`).argParser((text) =>
    text.split(',').map(whole(least, most)),
  );
}

/** What a list is where only others are given. */
const usualOf = (values: readonly (string | number)[]) =>
  values.length === 0 ? '' : ` (usual: ${values.join(',')})`;

/** The windows of a step are divided among the nodes. Throws TapestryError `usage.batch`. */
function requireShares(batch: number, matrices: readonly Matrix[]): void {
  const other = matrices.flatMap(({ nodes }) => nodes).find((count) => batch % count !== 0);
  if (other === undefined) return;
  throw new TapestryError(
    'usage.batch',
    `The ${batch} windows of a step do not divide among ${other} nodes.`,
    'Pass a --batch that each number of nodes divides.',
  );
}
