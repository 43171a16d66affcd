import { type Command, Option } from 'commander';
import { TapestryError } from '../../../client/errors.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { cachedKernels } from '../../../client/host/cache.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { type PresetName, presetNames, presets } from '../../../client/model/config.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { choosePreset } from '../../../client/train/choose-preset.ts';
import type { WholeManifest } from '../../../relay/wire/frames.ts';
import { decimal, whole } from '../options.ts';
import { arrivalsIn, mostStaleness, type Pace, paceNames, usualPerBase } from './choices/arrival-choices.ts';
import { type CodecName, codecNames } from './choices/delta-choices.ts';
import {
  type DownlinkName,
  downlinkNameIn,
  downlinkNames,
  usualDownlink,
} from './choices/downlink-choices.ts';
import {
  type EvaluatorFlags,
  evaluatorsIn,
  evaluatorsOf,
  withEvaluatorFlags,
} from './choices/evaluator-choices.ts';
import { type MergeName, mergeNameOf, mergeNames } from './choices/merge-choices.ts';
import { type OuterFlags, outerIn, usualPeriod, withOuterFlags } from './choices/outer-choices.ts';
import { type QualityName, qualityNames } from './choices/quality-choices.ts';
import { type StrategyName, strategies, strategyNames } from './choices/strategies.ts';
import { upperLayersIn } from './choices/upper-choices.ts';
import {
  defaultBatch,
  defaultSteps,
  type RunChoices,
  type TrainingChoices,
  usualTraining,
} from './new-run.ts';

/** The flags that shape a new run; undefined where they were not given. */
export interface RunFlags extends EvaluatorFlags, OuterFlags {
  readonly preset?: PresetName | 'auto';
  readonly rounds?: number;
  readonly steps?: number;
  readonly batch?: number;
  readonly optimizer?: TrainingChoices['optimizer'];
  readonly precision?: TrainingChoices['precision'];
  readonly schedule?: TrainingChoices['schedule'];
  readonly merge?: MergeName;
  /** Per cent of a round's weight that one node may have. */
  readonly weightShare?: number;
  /** What decides a contribution's weight beside its tokens. */
  readonly quality?: QualityName;
  /** Contributions of a round that are scored. */
  readonly evaluations?: number;
  readonly strategy?: StrategyName;
  readonly codec?: CodecName;
  readonly pace?: Pace;
  /** See `ArrivalChoices`. */
  readonly period?: number;
  readonly perBase?: number;
  readonly maxStaleness?: number;
  /** The last layers of the model, which a node may train that is too slow for the whole. */
  readonly upperLayers?: number;
  readonly downlink?: DownlinkName;
  /** The most that the loss of a base may rise, in nats a token. */
  readonly guard?: number | 'off';
  /** A file of text that bases are measured on. */
  readonly probe?: string;
  readonly recompute?: boolean;
  readonly accumulate?: number;
  readonly seed: number;
}

export const defaultRounds = 20;

/** docs/measured.md compares it with fixed steps. */
const usualPace: Pace = 'timed';

/** `preset` is the default: a demo measures this machine, but the machine of a relay needs no GPU. */
export function withRunFlags(command: Command, preset: PresetName | 'auto', usualGuard: string): Command {
  return withOuterFlags(withEvaluatorFlags(command))
    .addOption(
      new Option(
        '--preset <name>',
        `size of the model; auto measures this machine (default: ${preset})`,
      ).choices(['auto', ...presetNames]),
    )
    .option('--rounds <count>', `rounds of the run (default: ${defaultRounds})`, whole(1, 1_000_000))
    .option('--steps <count>', "most local steps a round (default: the preset's)", whole(1, 1_048_576))
    .option('--batch <count>', "windows of text a step (default: the preset's)", whole(1, 65_535))
    .addOption(
      new Option(
        '--strategy <name>',
        'sets optimizer, codec and outer step together: muloco trains with Muon, sparseloco sends sparse deltas, ' +
          'streaming sends a fragment of the model a round, asynchronous makes a base of each contribution as it arrives, ' +
          'and heloco corrects what is stale beside that (default: diloco)',
      ).choices(strategyNames),
    )
    .addOption(
      new Option('--optimizer <name>', "of the local steps (default: the strategy's)").choices([
        'adamw',
        'muon',
      ]),
    )
    .addOption(
      new Option(
        '--schedule <name>',
        'of the learning rate; wsd is warm-up, stable, decay (default: cosine)',
      ).choices(['cosine', 'wsd']),
    )
    .addOption(
      new Option(
        '--precision <name>',
        'how nodes store activations; f16 needs it of every GPU (default: f32)',
      ).choices(['f32', 'f16']),
    )
    .addOption(
      new Option(
        '--merge <rule>',
        'how deltas become one: robust bounds what a hostile minority can do, mean does not; docs/measured.md compares all ' +
          '(default: robust)',
      ).choices(mergeNames),
    )
    .option(
      '--weight-share <per cent>',
      "of a round's weight, the most that one node may have (default: 100, no limit)",
      whole(1, 100),
    )
    .addOption(
      new Option(
        '--quality <how>',
        'measured bounds claims by speed and length, and finds copies; claimed trusts tokens (default: claimed)',
      ).choices(qualityNames),
    )
    .option(
      '--evaluations <count>',
      'with --quality measured: contributions of a round that are scored on the probe (default: 0, with --evaluators 16)',
      whole(0, 64),
    )
    .addOption(
      new Option(
        '--codec <name>',
        'how deltas are sent: dense takes 8 bits a parameter, statistical 2, sparse a quarter of a bit ' +
          "(default: the strategy's)",
      ).choices(codecNames),
    )
    .addOption(
      new Option(
        '--pace <pace>',
        'what a round asks of its nodes: timed takes what each can do until a moment that the relay plans, so that slow ' +
          `nodes count; fixed takes --steps of each; arrivals waits for nobody (default: ${usualPace}, or the strategy's)`,
      ).choices(paceNames),
    )
    .option(
      '--period <count>',
      'with --outer delayed, which asynchronous and heloco have: nodes that are expected; the momentum changes once in so many ' +
        `rounds (default: ${usualPeriod}, in a demo its nodes)`,
      whole(1, 4096),
    )
    .option(
      '--per-base <count>',
      `with --pace arrivals: contributions that make a base (default: ${usualPerBase})`,
      whole(1, 1024),
    )
    .option(
      '--max-staleness <rounds>',
      'with --pace arrivals: work that began more rounds ago is refused (default: 8 times the period)',
      whole(0, mostStaleness),
    )
    .option(
      '--upper-layers <count>',
      'a node that is too slow for the whole model may train its last layers, and what follows them, instead (default: none may)',
      whole(1, 1024),
    )
    .addOption(
      new Option(
        '--downlink <how>',
        'how the base of a round reaches the nodes that have the one before: full takes 32 bits a parameter, dense8 and ' +
          `dense4 8 and 4, entropy and statistical 2, sparse 0.9 (default: ${usualDownlink})`,
      ).choices(downlinkNames),
    )
    .option(
      '--guard <nats>',
      `do not publish a base whose loss on held-out text is more than so many nats a token above the best before; off ` +
        `for no check (default: ${usualGuard})`,
      guardOf,
    )
    .option(
      '--probe <file>',
      'that text: like what the run trains on, but not a part of it (default: of the built-in corpora)',
    )
    .option('--recompute', 'compute activations twice instead of storing them: less memory, more time')
    .option(
      '--accumulate <parts>',
      'cut the batch of a step into so many parts (default: as few as each GPU can hold)',
      whole(1, 65_535),
    )
    .option('--seed <number>', 'another seed gives another run', whole(0, 0x7fff_ffff), 0);
}

/** For commander. */
function guardOf(text: string): number | 'off' {
  return text === 'off' ? text : decimal(0, 100)(text);
}

/** The choices of the flags; this machine decides where they leave the preset open. Throws `usage.accumulate`. */
export async function decideRun(
  flags: RunFlags,
  otherwise: PresetName | 'auto',
): Promise<
  Pick<
    RunChoices,
    | ('preset' | 'rounds' | 'steps' | 'batch' | 'seed' | 'training')
    | (
        | 'strategy'
        | 'merge'
        | 'weightShare'
        | 'quality'
        | 'evaluations'
        | 'evaluators'
        | 'codec'
        | keyof OuterFlags
        | 'pace'
        | 'arrivals'
        | 'upperLayers'
        | 'downlink'
      )
  >
> {
  const preset = await resolvePreset(flags.preset ?? otherwise);
  const batch = flags.batch ?? defaultBatch(preset);
  const evaluators = evaluatorsOf(flags, flags.quality);
  const { strategy = 'diloco', optimizer, precision, schedule, recompute, accumulate } = flags;
  if (accumulate !== undefined && batch % accumulate !== 0) {
    throw new TapestryError(
      'usage.accumulate',
      `--accumulate ${accumulate} does not divide the ${batch} windows of a step.`,
      'Pass a number that divides --batch.',
    );
  }
  return {
    preset,
    rounds: flags.rounds ?? defaultRounds,
    steps: flags.steps ?? defaultSteps(preset),
    batch,
    seed: flags.seed,
    ...(flags.merge === undefined ? {} : { merge: flags.merge }),
    ...(flags.weightShare === undefined ? {} : { weightShare: flags.weightShare }),
    ...(flags.quality === undefined ? {} : { quality: flags.quality }),
    ...(flags.evaluations === undefined ? {} : { evaluations: flags.evaluations }),
    ...(evaluators === undefined ? {} : { evaluators }),
    strategy,
    ...(flags.codec === undefined ? {} : { codec: flags.codec }),
    ...(flags.outer === undefined ? {} : { outer: flags.outer }),
    ...(flags.outerRate === undefined ? {} : { outerRate: flags.outerRate }),
    ...(flags.outerMomentum === undefined ? {} : { outerMomentum: flags.outerMomentum }),
    pace: flags.pace ?? strategies[strategy].pace ?? usualPace,
    arrivals: {
      ...(flags.period === undefined ? {} : { period: flags.period }),
      ...(flags.perBase === undefined ? {} : { perBase: flags.perBase }),
      ...(flags.maxStaleness === undefined ? {} : { maxStaleness: flags.maxStaleness }),
    },
    ...(flags.upperLayers === undefined ? {} : { upperLayers: flags.upperLayers }),
    downlink: flags.downlink ?? usualDownlink,
    training: {
      optimizer: optimizer ?? strategies[strategy].optimizer,
      precision: precision ?? usualTraining.precision,
      schedule: schedule ?? usualTraining.schedule,
      recompute: recompute ?? usualTraining.recompute,
      accumulation: accumulate ?? usualTraining.accumulation,
    },
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

/** A flag as it is shown, the value that it asks for, and the run's own. */
export type AskedFlag = readonly [flag: string, wanted: FlagValue | undefined, held: FlagValue];
type FlagValue = string | number | boolean;

/** A manifest fixes a run's settings. Throws `run.other` for a flag that asks for another one than the folder's run has. */
export function checkSameRun(
  manifest: WholeManifest,
  flags: Omit<RunFlags, 'seed'>,
  next: string,
  more: readonly AskedFlag[] = [],
): void {
  const { strategy, model, guard, codec, downlink, quality } = manifest;
  const [arrivals, outer] = [arrivalsIn(manifest), outerIn(manifest)];
  const layout =
    flags.preset === undefined || flags.preset === 'auto'
      ? undefined
      : layoutOf({ ...presets[flags.preset], vocabularySize: model.vocabularySize });
  const schedule = strategy.schedule.case === 'cosine' ? 'cosine' : 'wsd';
  const named = flags.strategy && strategies[flags.strategy];
  const scored = evaluatorsIn(manifest);
  const asked: readonly AskedFlag[] = [
    ['--rounds', flags.rounds, strategy.rounds],
    ['--steps', flags.steps, strategy.localSteps],
    ['--batch', flags.batch, strategy.batch],
    ['--optimizer', flags.optimizer ?? named?.optimizer, strategy.inner.case],
    ['--precision', flags.precision, strategy.precision.case],
    ['--schedule', flags.schedule, schedule],
    ['--merge', flags.merge, mergeNameOf(manifest)],
    ['--weight-share', flags.weightShare, manifest.limits.weightShare],
    ['--quality', flags.quality, quality.case],
    ['--evaluations', flags.evaluations, quality.case === 'claimed' ? 0 : quality.value.evaluations],
    ['--evaluators', flags.evaluators?.join(), scored.evaluators.join()],
    ['--evaluator-quorum', flags.evaluatorQuorum, scored.evaluatorQuorum],
    ['--evaluation-seconds', flags.evaluationSeconds, scored.evaluationSeconds],
    ['--codec', flags.codec ?? named?.codec, codec.case],
    ['--outer', flags.outer ?? (flags.codec === undefined ? named?.outer : undefined), outer.outer],
    ['--outer-rate', flags.outerRate, outer.outerRate],
    ['--outer-momentum', flags.outerMomentum, outer.outerMomentum],
    [`--strategy ${flags.strategy}: correction`, named && named.isCorrected === true, outer.isCorrected],
    [`--strategy ${flags.strategy}: fragments`, named?.isFragmented, strategy.part.case === 'fragments'],
    ['--pace', flags.pace ?? named?.pace, arrivals.pace],
    ['--period', flags.period, outer.period],
    ['--per-base', flags.perBase, arrivals.perBase],
    ['--max-staleness', flags.maxStaleness, arrivals.maxStaleness],
    ['--upper-layers', flags.upperLayers, upperLayersIn(strategy)],
    ['--downlink', flags.downlink, downlinkNameIn(downlink)],
    ['--guard', flags.guard, guard.case === 'probe' ? guard.value.maxIncrease : 'off'],
    ['--recompute', flags.recompute, strategy.recompute],
    ['--accumulate', flags.accumulate, strategy.accumulation],
    [`--preset ${flags.preset}: parameters`, layout?.length, model.parameters],
    ...more,
  ];
  const others = asked.filter(([, wanted, held]) => wanted !== undefined && wanted !== held);
  if (others.length === 0) return;
  const told = others.map(([flag, wanted, held]) => `${flag} ${wanted} (it has ${held})`).join(', ');
  throw new TapestryError('run.other', `The folder holds a run with other settings than ${told}.`, next);
}
