import { Command } from 'commander';
import { whole } from '../apps/cli/options.ts';
import { nodeGpu } from '../client/host/node.ts';
import { type PresetName, presetNames } from '../client/model/config.ts';
import { federation } from './federation.ts';
import { bench as step } from './step.ts';

interface Measurement {
  readonly name: string;
  readonly summary: string;
  /** Whole-number options: their flag, what they mean, the default. */
  readonly numbers: Readonly<Record<string, readonly [string, number]>>;
  readonly run: (preset: PresetName, numbers: Readonly<Record<string, number>>) => AsyncIterable<object>;
}

const measurements: readonly Measurement[] = [
  {
    name: 'step',
    summary: 'one training step: time, dispatches and submits',
    numbers: {
      batch: ['windows a step', 4],
      sequence: ['tokens a window', 128],
      steps: ['steps that are timed', 30],
    },
    run: async function* (preset, { batch = 1, sequence = 1, steps = 1 }) {
      yield* step({ gpu: await nodeGpu(), preset, batch, sequence, steps });
    },
  },
  {
    name: 'federation',
    summary: 'equal steps a node: the shared base against each isolated node',
    numbers: {
      nodes: ['nodes, a nation each', 3],
      rounds: ['rounds', 8],
      steps: ['local steps a round', 20],
      batch: ['windows a step', 4],
      seed: ['another seed gives another run', 0],
    },
    run: async function* (preset, { nodes = 1, rounds = 1, steps = 1, batch = 1, seed = 0 }) {
      yield* federation({ gpu: await nodeGpu(), preset, nodes, rounds, steps, batch, seed });
    },
  },
];

const program = new Command('bench').description('Measures what the README claims; one JSON object a line.');
for (const { name, summary, numbers, run } of measurements) {
  const command = program.command(name).description(summary).option('--json', 'as it prints in any case');
  command.option('--preset <name>', `one of ${presetNames.join(', ')}`, 'nano');
  for (const [flag, [meaning, value]] of Object.entries(numbers))
    command.option(`--${flag} <count>`, meaning, whole(0, 1_000_000), value);
  command.action(async (flags: Record<string, number> & { preset: string }) => {
    const preset = presetNames.find((known) => known === flags.preset);
    if (preset === undefined) return command.error(`error: --preset is one of ${presetNames.join(', ')}`);
    for await (const record of run(preset, flags)) process.stdout.write(`${JSON.stringify(record)}\n`);
  });
}
await program.parseAsync();
