import { Command, InvalidArgumentError, Option } from 'commander';
import { whole } from '../../../apps/cli/options.ts';
import { type MergeName, mergeNames } from '../../../apps/cli/run/choices/merge-choices.ts';
import { type QualityName, qualityNames } from '../../../apps/cli/run/choices/quality-choices.ts';
import { mean } from '../../../client/mean.ts';
import { printRecords } from '../../print-records.ts';
import { Records } from '../../records.ts';
import { readText, type Text } from '../../shakespeare.ts';
import { attackedRun, type Case, type Outcome, outcomeSchema } from './run.ts';

/** Nodes of a run, honest and hostile together. */
const nodes = 10;

/** The ways to attack, as docs/measured.md lists them; `absent` nodes send nothing, and show what their work was worth. */
const kinds = [
  ...[
    'absent',
    'sign-flipped',
    'scaled',
    'stale',
    'random',
    'copied',
    'disguised',
    'free-riding',
    'over-claimed',
  ],
  ...['negative', 'within-spread', 'sybil'],
];

interface Flags {
  readonly rules: readonly MergeName[];
  readonly kinds: readonly string[];
  readonly hostile: readonly number[];
  readonly rounds: number;
  readonly seeds: number;
  readonly weightShare: number;
  readonly quality: QualityName;
  readonly evaluations: number;
  /** The file of results, which an interrupted bench resumes from. */
  readonly records?: string;
}

/** `bench attack`. */
export function attackCommand(): Command {
  return new Command('attack')
    .description(
      'held-out loss under each merge rule with hostile nodes of each kind; a tiny model on the CPU',
    )
    .addOption(listOf('--rules <names>', 'merge rules', mergeNames))
    .addOption(listOf('--kinds <names>', 'ways to attack', kinds))
    .addOption(
      new Option('--hostile <counts>', `of the ${nodes} nodes`)
        .default([1, 2, 3], '1,2,3')
        .argParser((text) => text.split(',').map(whole(0, nodes - 1))),
    )
    .option('--rounds <count>', 'of each run', whole(1, 1000), 20)
    .option('--seeds <count>', 'runs of each case', whole(1, 100), 2)
    .option('--weight-share <per cent>', 'that one contribution may have', whole(1, 100), 100)
    .addOption(
      new Option('--quality <name>', 'what decides weights beside tokens')
        .choices(qualityNames)
        .default('claimed'),
    )
    .option('--evaluations <count>', 'contributions of a round that are scored', whole(0, 64), 0)
    .option('--records <file>', 'append results to it, and do only what it lacks')
    .option('--json', 'one JSON object a line')
    .action(async (flags: Flags) => {
      await printRecords(table(await readText(), flags));
    });
}

/** A record for each rule without an attack, and one for each kind and number of hostile nodes. */
async function* table(text: Text, flags: Flags): AsyncGenerator<object> {
  const { weightShare, quality, evaluations, rounds } = flags;
  const settings = { weightShare, quality, evaluations };
  const records = await Records.open(flags.records ?? null);
  const outcomeOf = (one: Case) =>
    records.result({ attack: one, rounds }, outcomeSchema, () => attackedRun(text, one, rounds));
  const measured = async (one: Pick<Case, 'rule' | 'kind' | 'honest' | 'hostile'>) => {
    const outcomes: Outcome[] = [];
    for (let seed = 0; seed < flags.seeds; seed++)
      outcomes.push(await outcomeOf({ ...one, ...settings, seed: seed * 1000 }));
    return {
      ...{ ...one, ...settings },
      loss: mean(outcomes.map(({ loss }) => loss)),
      losses: outcomes.map(({ loss }) => loss),
      excluded: {
        honest: mean(outcomes.map(({ excluded }) => excluded.honest)),
        hostile: mean(outcomes.map(({ excluded }) => excluded.hostile)),
      },
      uncounted: {
        honest: mean(outcomes.map(({ uncounted }) => uncounted.honest)),
        hostile: mean(outcomes.map(({ uncounted }) => uncounted.hostile)),
      },
      refused: mean(outcomes.map(({ refused }) => refused)),
      mergeMs: mean(outcomes.map(({ mergeMs }) => mergeMs)),
    };
  };
  for (const rule of flags.rules) {
    yield { event: 'none', ...(await measured({ rule, kind: 'absent', honest: nodes, hostile: 0 })) };
    for (const kind of flags.kinds)
      for (const hostile of flags.hostile)
        yield { event: 'attacked', ...(await measured({ rule, kind, honest: nodes - hostile, hostile })) };
  }
}

function listOf<Name extends string>(flag: string, meaning: string, names: readonly Name[]): Option {
  return new Option(flag, `${meaning}, of ${names.join(', ')}`).default(names, 'all').argParser((text) =>
    text.split(',').map((part) => {
      const name = names.find((known) => known === part);
      if (name !== undefined) return name;
      throw new InvalidArgumentError(`It names some of ${names.join(', ')}.`);
    }),
  );
}
