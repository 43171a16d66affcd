import { type Command, Option } from 'commander';
import { TapestryError } from '../../client/errors.ts';
import { openDevice } from '../../client/gpu/device.ts';
import { cachedKernels } from '../../client/host/cache.ts';
import { nodeGpu } from '../../client/host/node.ts';
import { type PresetName, presetNames, presets } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { choosePreset } from '../../client/train/auto.ts';
import type { WholeManifest } from '../../relay/wire/frames.ts';
import { defaultBatch, defaultSteps } from './new-run.ts';
import { whole } from './options.ts';

/** The flags that shape a new run; undefined where they were not given. */
export interface RunFlags {
  readonly preset?: PresetName | 'auto';
  readonly rounds?: number;
  readonly steps?: number;
  readonly batch?: number;
  readonly seed: number;
}

export const defaultRounds = 20;

/** A relay need not be where a GPU is: it gets `preset` where a demo measures. */
export function withRunFlags(command: Command, preset: PresetName | 'auto'): Command {
  return command
    .addOption(
      new Option(
        '--preset <name>',
        `size of the model; auto measures this machine (default: ${preset})`,
      ).choices(['auto', ...presetNames]),
    )
    .option('--rounds <count>', `rounds of the run (default: ${defaultRounds})`, whole(1, 1_000_000))
    .option('--steps <count>', "local steps a round (default: the preset's)", whole(1, 1_048_576))
    .option('--batch <count>', "windows of text a step (default: the preset's)", whole(1, 65_535))
    .option('--seed <number>', 'another seed gives another run', whole(0, 0x7fff_ffff), 0);
}

/** What the flags, and where they say nothing this machine, decide of a new run. */
export async function decideRun(
  flags: RunFlags,
  otherwise: PresetName | 'auto',
): Promise<{ preset: PresetName; rounds: number; steps: number; batch: number; seed: number }> {
  const preset = await resolvePreset(flags.preset ?? otherwise);
  return {
    preset,
    rounds: flags.rounds ?? defaultRounds,
    steps: flags.steps ?? defaultSteps(preset),
    batch: flags.batch ?? defaultBatch(preset),
    seed: flags.seed,
  };
}

async function resolvePreset(name: PresetName | 'auto'): Promise<PresetName> {
  if (name !== 'auto') return name;
  const device = await openDevice(await nodeGpu());
  try {
    return await choosePreset(device, cachedKernels(device));
  } finally {
    device.close();
  }
}

/**
 * A run's settings are fixed by its manifest. Throws `run.other` when a flag that was given asks for something else
 * than the run that the folder holds.
 */
export function checkSameRun(
  manifest: WholeManifest,
  flags: Omit<RunFlags, 'seed'>,
  next: string,
  more: readonly (readonly [string, number | undefined, number])[] = [],
): void {
  const { strategy, model } = manifest;
  const layout =
    flags.preset === undefined || flags.preset === 'auto' ? undefined : layoutOf(presets[flags.preset]);
  const asked: readonly (readonly [string, number | undefined, number])[] = [
    ['--rounds', flags.rounds, strategy.rounds],
    ['--steps', flags.steps, strategy.localSteps],
    ['--batch', flags.batch, strategy.batch],
    [`--preset ${flags.preset}: parameters`, layout?.length, model.parameters],
    ...more,
  ];
  const others = asked.filter(([, wanted, held]) => wanted !== undefined && wanted !== held);
  if (others.length === 0) return;
  const told = others.map(([flag, wanted, held]) => `${flag} ${wanted} (it has ${held})`).join(', ');
  throw new TapestryError('run.other', `The folder holds a run with other settings than ${told}.`, next);
}
