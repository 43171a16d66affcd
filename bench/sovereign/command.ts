import { Command, InvalidArgumentError, Option } from 'commander';
import { whole } from '../../apps/cli/options.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { printRecords } from '../print-records.ts';
import { type SovereignOptions, sovereign } from './bench.ts';
import { type StageName, stageNames } from './stages/stages.ts';

interface Flags
  extends Pick<SovereignOptions, 'tokens' | 'seeds' | 'stages' | 'seed' | 'folder' | 'processes'> {
  readonly instructSteps: number;
  readonly preferSteps: number;
  readonly reinforceSteps: number;
  readonly constitutionSteps: number;
}

/** `bench sovereign`. `headless` is the folder of the built bench. */
export function sovereignCommand(headless: string): Command {
  const count = whole(0, 1_000_000);
  return new Command('sovereign')
    .description(
      'a base, and derivatives of it: answers, preferences, rewards, a constitution, on held-out items beside the start',
    )
    .option('--tokens <thousands>', 'that the base is trained on', count, 2000)
    .option('--seeds <count>', 'builds of each stage', count, 3)
    .addOption(
      new Option('--stages <names>', `of ${stageNames.join(', ')}`)
        .argParser(stagesOf)
        .default(stageNames, 'all'),
    )
    .option('--instruct-steps <count>', 'steps of instruct', count, 220)
    .option('--prefer-steps <count>', 'steps of prefer', count, 160)
    .option('--reinforce-steps <count>', 'updates of reinforce', count, 72)
    .option('--constitution-steps <count>', 'steps on pairs that the judge labelled', count, 80)
    .option('--seed <number>', "the base's", count, 0)
    .option('--processes <count>', 'builds at a time', whole(1, 64), 2)
    .option('--folder <path>', 'store the base and the figures there, and do only what is left')
    .option('--json', 'one JSON object a line; the last is the summary')
    .action(
      async ({ tokens, instructSteps, preferSteps, reinforceSteps, constitutionSteps, ...flags }: Flags) => {
        const records = sovereign({
          ...flags,
          tokens: 1000 * tokens,
          steps: {
            ...{ instruct: instructSteps, prefer: preferSteps },
            ...{ reinforce: reinforceSteps, constitution: constitutionSteps },
          },
          gpu: await nodeGpu(),
          headless,
        });
        await printRecords(records);
      },
    );
}

function stagesOf(text: string): readonly StageName[] {
  return text.split(',').map((name) => {
    const stage = stageNames.find((known) => known === name);
    if (stage !== undefined) return stage;
    throw new InvalidArgumentError(`It names stages of ${stageNames.join(', ')}.`);
  });
}
