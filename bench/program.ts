import { Command, InvalidArgumentError, Option } from 'commander';
import { tuneCommand } from '../apps/cli/commands/bench-tune.ts';
import { whole } from '../apps/cli/options.ts';
import { nodeGpu } from '../client/host/node/runtime.ts';
import { type PresetName, presetNames } from '../client/model/config.ts';
import { type GuardOptions, guardBench, guardKinds } from './attack/guard.ts';
import { attackCommand } from './attack/table/command.ts';
import { auditCommand } from './audit/command.ts';
import { convergenceCommand } from './convergence/command.ts';
import { downlinkCommand } from './downlink/command.ts';
import { encodeCommand } from './encode/command.ts';
import { federation } from './federation/bench.ts';
import { type GenerateBenchOptions, bench as generate } from './generate.ts';
import { type RelayBenchOptions, relayBench } from './growth/relay.ts';
import { type VerifyBenchOptions, verifyBench } from './growth/verify.ts';
import { loadCommand } from './load/command.ts';
import { bench as memory, memoryConfigs } from './memory.ts';
import { networkCommand } from './network/command.ts';
import { pacingCommand } from './pacing/command.ts';
import { printRecords } from './print-records.ts';
import { protectCommand } from './protect/command.ts';
import { type ShakespeareOptions, type ShakespeareRun, shakespeare } from './shakespeare.ts';
import { snapshotCommand } from './snapshot/command.ts';
import { sovereignCommand } from './sovereign/command.ts';
import { configs, type FrozenPart, frozenParts } from './step/workload.ts';
import { type Platform, platformNames, printed, stepBench } from './step.ts';
import { upstreamCommand } from './upstream/command.ts';

/** The command `bench`. */
export const program = new Command('bench').description('Measures what the README claims.');

/** A whole-number option from 0 to a million. */
const count = (flag: string, meaning: string, value?: number) => {
  const option = new Option(`--${flag} <count>`, meaning).argParser(whole(0, 1_000_000));
  return value === undefined ? option : option.default(value);
};

const json = () => new Option('--json', 'one JSON object a line; the last is the summary');

const shakespeareRuns: Readonly<Record<string, ShakespeareRun>> = {
  'adamw-f32': { optimizer: 'adamw', storage: 'f32' },
  'adamw-f16': { optimizer: 'adamw', storage: 'f16' },
  'muon-f32': { optimizer: 'muon', storage: 'f32' },
};

interface StepFlags {
  readonly preset: string;
  readonly storage: 'f32' | 'f16';
  readonly platforms: readonly Platform[];
  readonly frozen: readonly FrozenPart[];
  readonly adapter?: number | true;
  readonly packed?: number;
  readonly sampled?: number;
  readonly peers?: true;
  readonly json?: true;
  readonly batch: number;
  readonly rounds: number;
  readonly steps: number;
  readonly sequence?: number;
  readonly vocabulary?: number;
}

program
  .command('step')
  .description('one training step: tokens a second, dispatches, submits, first step, memory')
  .addOption(new Option('--preset <name>', 'the model').choices(Object.keys(configs)).default('bench'))
  .addOption(new Option('--storage <format>', 'of activations').choices(['f32', 'f16']).default('f32'))
  .addOption(
    new Option('--platforms <names>', `of ${platformNames.join(', ')}, or all`)
      .argParser(platformsOf)
      .default(platformsOf('node'), 'node'),
  )
  .addOption(
    new Option('--frozen <parts>', `steps that leave parts frozen beside it, of ${frozenParts.join(', ')}`)
      .argParser(frozenPartsOf)
      .default([], 'none'),
  )
  .addOption(
    new Option(
      '--adapter [rank]',
      'steps that train adapters of all projections beside it, of rank 8 if none is given',
    ).argParser(whole(1, 1024)),
  )
  .addOption(count('packed', 'steps whose windows hold documents of so many tokens, on average, beside it'))
  .addOption(count('sampled', 'so many texts sampled side by side beside it, as many tokens as a step has'))
  .addOption(new Option('--peers', 'jax-js and TensorFlow.js beside it, on WebGPU and on WebAssembly'))
  .addOption(count('batch', 'windows a step', 4))
  .addOption(count('sequence', "tokens a window; the preset's own where it is not given"))
  .addOption(count('vocabulary', "tokens that there are; the preset's own where it is not given"))
  .addOption(count('rounds', 'turns that each contender has', 5))
  .addOption(count('steps', 'steps a turn, at most', 30))
  .addOption(json())
  .action(async (flags: StepFlags) => {
    const preset = configs[flags.preset];
    if (preset === undefined) throw new Error(`no preset ${flags.preset}`);
    const { vocabulary = preset.vocabularySize, sequence = preset.contextLength, batch, storage } = flags;
    const config = { ...preset, vocabularySize: vocabulary, contextLength: sequence };
    const records = stepBench({
      workload: { config, batch, sequence, storage },
      preset: flags.preset,
      headless: import.meta.dirname,
      platforms: flags.platforms,
      frozen: flags.frozen,
      ...(flags.adapter && { adapter: flags.adapter === true ? 8 : flags.adapter }),
      ...(flags.packed && { packed: flags.packed }),
      ...(flags.sampled && { sampled: flags.sampled }),
      peers: flags.peers === true,
      rounds: flags.rounds,
      steps: flags.steps,
    });
    if (flags.json) return printRecords(records);
    for await (const line of printed(records)) process.stdout.write(`${line}\n`);
  });

program
  .command('federation')
  .description('equal steps a node: the shared base against each isolated node')
  .addOption(new Option('--preset <name>', 'the model').choices(presetNames).default('nano'))
  .addOption(count('nodes', 'nodes, a corpus each', 3))
  .addOption(count('rounds', 'rounds', 8))
  .addOption(count('steps', 'local steps a round', 20))
  .addOption(count('batch', 'windows a step', 4))
  .addOption(count('seed', 'another seed gives another run', 0))
  .addOption(json())
  .action(
    async (flags: Record<'nodes' | 'rounds' | 'steps' | 'batch' | 'seed', number> & { preset: PresetName }) =>
      printRecords(federation({ ...flags, gpu: await nodeGpu() })),
  );

program
  .command('guard')
  .description("what hostile nodes cost a demo's run: the weighted mean, the defaults, and with the guard")
  .addOption(new Option('--preset <name>', 'the model').choices(presetNames).default('nano'))
  .addOption(
    new Option('--cases <counts>', 'honest and hostile nodes of each case')
      .argParser(casesOf)
      .default(casesOf('3+1,7+3'), '3+1,7+3'),
  )
  .addOption(
    new Option('--kinds <names>', `of ${guardKinds.join(', ')}`)
      .argParser(kindsOf)
      .default(guardKinds, 'all'),
  )
  .addOption(count('rounds', 'rounds', 8))
  .addOption(count('steps', 'local steps a round', 10))
  .addOption(count('batch', 'windows a step', 2))
  .addOption(count('seed', 'another seed gives another run', 0))
  .addOption(json())
  .action(async (flags: Omit<GuardOptions, 'gpu'>) =>
    printRecords(guardBench({ ...flags, gpu: await nodeGpu() })),
  );

program
  .command('generate')
  .description('tokens a second with and without the KV cache, on the CPU and the adapter; the same text')
  .addOption(new Option('--preset <name>', 'the model').choices(presetNames).default('nano'))
  .addOption(count('prompt', 'tokens of a prompt', 16))
  .addOption(count('tokens', 'tokens that each prompt is continued by', 64))
  .addOption(count('batch', 'prompts of the larger batch; the other has one', 8))
  .addOption(
    new Option('--storage <format>', "of the adapter's weights").choices(['f32', 'f16']).default('f32'),
  )
  .addOption(json())
  .action(async (flags: Omit<GenerateBenchOptions, 'gpu'>) =>
    printRecords(generate({ ...flags, gpu: await nodeGpu() })),
  );

program
  .command('shakespeare')
  .description("nanoGPT's settings for a machine without a GPU: validation loss and seconds")
  .addOption(
    new Option(
      '--runs <names>',
      `of ${Object.keys(shakespeareRuns).join(', ')}; the last line leads with the first`,
    )
      .argParser(shakespeareRunsOf)
      .default(shakespeareRunsOf('adamw-f32'), 'adamw-f32'),
  )
  .addOption(count('steps', 'training steps', 2000))
  .addOption(count('seed', 'another seed gives another run', 0))
  .addOption(new Option('--folder <path>', 'keep checkpoints there, and resume from them'))
  .addOption(json())
  .action(async (flags: Omit<ShakespeareOptions, 'gpu'>) =>
    printRecords(shakespeare({ ...flags, gpu: await nodeGpu() })),
  );

interface MemoryFlags {
  readonly preset: string;
  readonly storage: 'f32' | 'f16';
  readonly recompute?: boolean;
  readonly adapter?: number;
  readonly batch: number;
  readonly sequence: number;
  readonly vocabulary?: number;
  readonly binding: number;
  readonly steps: number;
}

program
  .command('memory')
  .description('what training takes: predicted, allocated, resident; the loss of the first step')
  .addOption(new Option('--preset <name>', 'the model').choices(Object.keys(memoryConfigs)).default('base'))
  .addOption(new Option('--storage <format>', 'of activations').choices(['f32', 'f16']).default('f32'))
  .addOption(new Option('--recompute', 'compute activations once more instead of keeping them'))
  .addOption(
    new Option(
      '--adapter <rank>',
      'train adapters of all projections over a base in blocks of 8 bits, not the whole model',
    ).argParser(whole(1, 1024)),
  )
  .addOption(
    new Option('--upper-layers <count>', 'train the last layers and what follows them')
      .conflicts('adapter')
      .argParser(whole(1, 1024)),
  )
  .addOption(count('batch', 'windows a step', 1))
  .addOption(count('sequence', 'tokens a window', 64))
  .addOption(count('vocabulary', "tokens that there are; the preset's own where it is not given"))
  .addOption(count('binding', 'MiB that can be bound', 128))
  .addOption(count('steps', 'steps after the first', 1))
  .addOption(json())
  .action(async ({ preset, vocabulary, recompute = false, ...flags }: MemoryFlags) => {
    const config = memoryConfigs[preset];
    if (config === undefined) throw new Error(`no preset ${preset}`);
    const { vocabularySize } = config;
    const model = { ...config, vocabularySize: vocabulary ?? vocabularySize };
    const record = await memory({ ...flags, config: model, recompute, gpu: await nodeGpu() });
    process.stdout.write(`${JSON.stringify(record)}\n`);
  });

program
  .command('verify')
  .description('contributions a second that `verify` checks, in a folder and over HTTP')
  .addOption(count('contributions', 'of the run', 2_000))
  .addOption(count('nodes', 'contributions a round', 8))
  .addOption(count('parameters', 'values of a delta', 4_096))
  .addOption(count('delay', 'ms that an answer of a distant relay takes', 25))
  .addOption(json())
  .action(async (flags: VerifyBenchOptions) => printRecords(verifyBench(flags)));

program
  .command('relay')
  .description('processor time of a relay a contribution, and how long its event loop is held')
  .addOption(count('parameters', 'values of a delta', 7_500_000))
  .addOption(count('nodes', 'contributions a round', 4))
  .addOption(count('rounds', 'rounds', 5))
  .addOption(json())
  .action(async (flags: RelayBenchOptions) => {
    process.stdout.write(`${JSON.stringify(await relayBench(flags))}\n`);
  });

program.addCommand(attackCommand());
program.addCommand(tuneCommand());
program.addCommand(convergenceCommand());
program.addCommand(downlinkCommand());
program.addCommand(encodeCommand());
program.addCommand(snapshotCommand());
program.addCommand(auditCommand());
program.addCommand(protectCommand(import.meta.dirname));
program.addCommand(loadCommand(import.meta.dirname));
program.addCommand(sovereignCommand(import.meta.dirname));
program.addCommand(networkCommand(import.meta.dirname));
program.addCommand(pacingCommand());
program.addCommand(upstreamCommand());

function shakespeareRunsOf(text: string): readonly ShakespeareRun[] {
  return text.split(',').map((name) => {
    const run = shakespeareRuns[name];
    if (run !== undefined) return run;
    throw new InvalidArgumentError(`It names runs of ${Object.keys(shakespeareRuns).join(', ')}.`);
  });
}

function casesOf(text: string): GuardOptions['cases'] {
  return text.split(',').map((pair) => {
    const [, honest, hostile] = /^([1-9]\d?)\+(\d\d?)$/.exec(pair) ?? [];
    if (honest !== undefined && hostile !== undefined) return [Number(honest), Number(hostile)];
    throw new InvalidArgumentError('It names cases as 3+1: three honest nodes and a hostile one.');
  });
}

function kindsOf(text: string): readonly string[] {
  return text.split(',').map((name) => {
    if (guardKinds.includes(name)) return name;
    throw new InvalidArgumentError(`It names kinds of ${guardKinds.join(', ')}.`);
  });
}

function frozenPartsOf(text: string): readonly FrozenPart[] {
  return text.split(',').map((name) => {
    const part = frozenParts.find((known) => known === name);
    if (part !== undefined) return part;
    throw new InvalidArgumentError(`It names parts of ${frozenParts.join(', ')}.`);
  });
}

function platformsOf(text: string): readonly Platform[] {
  if (text === 'all') return platformNames;
  return text.split(',').map((name) => {
    const platform = platformNames.find((known) => known === name);
    if (platform !== undefined) return platform;
    throw new InvalidArgumentError(`It names platforms of ${platformNames.join(', ')}, or is all.`);
  });
}
