import { Command, InvalidArgumentError, Option } from 'commander';
import { decimal, whole } from '../../apps/cli/options.ts';
import { downlinkNames } from '../../apps/cli/run/choices/downlink-choices.ts';
import { TapestryError } from '../../client/errors.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { printRecords } from '../print-records.ts';
import { linesOf } from '../records.ts';
import { type ConvergenceOptions, convergence } from './bench.ts';
import { codecNames, outerNames, pacingNames, strategiesInRounds } from './cases.ts';
import { tablesOf } from './table/tables.ts';
import { textNames } from './texts.ts';

/** A list of names that may be none. */
type NamesOf<Names> = Names extends readonly (infer Name)[] ? readonly (Name | 'none')[] : never;

type Flags = Omit<ConvergenceOptions, 'gpu' | 'strategies' | 'pacings' | 'records'> & {
  readonly [List in 'strategies' | 'pacings']: NamesOf<ConvergenceOptions[List]>;
} & { readonly records?: string; readonly table?: true };

/** The records that the tables of docs/measured.md are made of. */
const committed = 'bench/convergence/records.jsonl';

function isName<Name extends string>(name: Name | 'none'): name is Name {
  return name !== 'none';
}

/** `bench convergence`. */
export function convergenceCommand(): Command {
  return new Command('convergence')
    .description('loss at equal tokens: codecs, outer steps, nodes and local steps beside one node')
    .option('--tokens <thousands>', 'of each run, at least', whole(1, 1_000_000), 1000)
    .option('--batch <windows>', 'of a step of all nodes together', whole(1, 1024), 16)
    .addOption(
      listOf(
        '--strategies <names>',
        'how nodes train together',
        [...strategiesInRounds, 'none'],
        strategiesInRounds,
      ),
    )
    .addOption(listOf('--codecs <names>', 'how deltas are sent', [...codecNames, 'suited'], ['suited']))
    .addOption(listOf('--outers <names>', "the relay's step", [...outerNames, 'suited'], ['suited']))
    .addOption(numbersOrSuited('--momenta <numbers>', 'of that step, or suited', 0.999))
    .addOption(numbersOrSuited('--rates <numbers>', 'of that step where it begins, or suited', 100))
    .addOption(
      new Option('--nodes <counts>', 'of a run; they share the windows of a step')
        .default([1, 2, 4, 8], '1,2,4,8')
        .argParser((text) => numbers(text, 1, 1024)),
    )
    .addOption(numbersOf('--steps <counts>', 'local steps a round', [10, 30, 100], [1, 10_000]))
    .addOption(
      listOf(
        '--pacings <names>',
        'how four nodes that are 1 to 8 times as fast work together',
        [...pacingNames, 'none'],
        pacingNames,
      ),
    )
    .addOption(numbersOf('--dropped <per cent>', 'contributions that are lost', [0], [0, 100]))
    .addOption(listOf('--downlinks <names>', 'how bases reach the nodes', downlinkNames, ['full']))
    .addOption(
      listOf('--texts <names>', 'what nodes train on: a text, a language family each', textNames, [
        'shakespeare',
      ]),
    )
    .option('--seeds <count>', 'runs of each case', whole(1, 100), 2)
    .option('--records <file>', 'append results to it, and do only what it lacks')
    .option('--table', `print the tables of --records (default: ${committed}) as Markdown, and run nothing`)
    .option('--json', 'one JSON object a line; the last is the summary')
    .action(async ({ tokens, strategies, pacings, records: file, table, ...flags }: Flags) => {
      if (table) {
        process.stdout.write(tablesOf(await linesOf(file ?? committed)));
        return;
      }
      requireShares(flags);
      const matrix = { strategies: strategies.filter(isName), pacings: pacings.filter(isName) };
      const options = { ...flags, ...matrix, tokens: tokens * 1000, records: file ?? null };
      await printRecords(convergence({ ...options, gpu: await nodeGpu() }));
    });
}

function listOf<Name extends string>(
  flag: string,
  meaning: string,
  names: readonly Name[],
  usual: readonly Name[],
): Option {
  return new Option(flag, `${meaning}, of ${names.join(', ')}`)
    .default(usual, usual.join(','))
    .argParser((text) =>
      text.split(',').map((part) => {
        const name = names.find((known) => known === part);
        if (name !== undefined) return name;
        throw new InvalidArgumentError(`It names some of ${names.join(', ')}.`);
      }),
    );
}

/** Numbers from 0 to `most`, or the word for those of the strategy. */
function numbersOrSuited(flag: string, meaning: string, most: number): Option {
  return new Option(flag, meaning)
    .default(['suited'], 'suited')
    .argParser((text) => text.split(',').map((part) => (part === 'suited' ? part : decimal(0, most)(part))));
}

const numbers = (text: string, least: number, most: number) => text.split(',').map(whole(least, most));

function numbersOf(
  flag: string,
  meaning: string,
  usual: readonly number[],
  [least, most]: readonly [least: number, most: number],
): Option {
  return new Option(flag, meaning)
    .default(usual, usual.join(','))
    .argParser((text) => numbers(text, least, most));
}

/** The windows of a step are divided among the nodes. Throws TapestryError `usage.batch`. */
function requireShares({ batch, nodes }: Pick<Flags, 'batch' | 'nodes'>): void {
  const other = nodes.find((count) => batch % count !== 0);
  if (other === undefined) return;
  throw new TapestryError(
    'usage.batch',
    `The ${batch} windows of a step do not divide among ${other} nodes.`,
    'Pass a --batch that each number of nodes divides.',
  );
}
