import { manifestModel } from '../../../client/contribute/run-model.ts';
import { byteTokenizer, type ModelTokenizer } from '../../../client/data/tokenizer.ts';
import { type ModelConfig, type PresetName, presetNames, presets } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { sha256Hex } from '../../../client/sha256.ts';
import { usualScaling } from '../../../client/train/trainer.ts';
import { bytesOfProbe } from '../../../relay/run/guard/probe-bytes.ts';
import type { StrategyDraft } from '../../../relay/run/manifest.ts';
import type { NewRun } from '../../../relay/run/run.ts';
import { stridedFragments } from '../../../relay/wire/fragments.ts';
import { fromHex } from '../../../relay/wire/hex.ts';
import { type ArrivalChoices, type Pace, paceOf, usualPerBase } from './choices/arrival-choices.ts';
import { type CodecName, codecFor, tensorSizes } from './choices/delta-choices.ts';
import { type DownlinkName, downlinkFor } from './choices/downlink-choices.ts';
import { type MergeName, mergeOf, mostMerged } from './choices/merge-choices.ts';
import { type OuterName, outerOf, usualPeriod } from './choices/outer-choices.ts';
import { type EvaluatorChoices, type QualityName, qualityOf } from './choices/quality-choices.ts';
import {
  fragmentsFor,
  type NamedStrategy,
  type OptimizerName,
  partOf,
  type StrategyName,
  strategies,
} from './choices/strategies.ts';
import { checkUpperLayers, upperPartOf } from './choices/upper-choices.ts';
import { runTokenizer } from './run-tokenizer.ts';

/** An operator's choices for a new run; the rest of the manifest follows from them. */
export interface RunChoices {
  readonly name: string;
  /** The model's sizes, or with `start` only the settings of its training. */
  readonly preset: PresetName;
  /** The model that the run trains on; random weights unless given. */
  readonly start?: StartModel;
  /** The byte tokenizer unless given. The model's vocabulary is its. */
  readonly tokenizer?: ModelTokenizer;
  readonly rounds: number;
  /** Local steps a round. */
  readonly steps: number;
  /** Windows of the preset's context length a step. */
  readonly batch: number;
  readonly corpora: readonly string[];
  readonly quorum: number;
  readonly deadlineMs: number;
  readonly graceMs: number;
  /** What a round asks of its nodes: steps until a moment, `steps` of each, or what arrives; `fixed` unless the strategy has its own. */
  readonly pace?: Pace;
  /** For a run with arrivals. */
  readonly arrivals?: ArrivalChoices;
  /** How deltas become one: `robust` unless given. */
  readonly merge?: MergeName;
  /** What it stands for is the default of the next three, and of the optimizer; `diloco` unless given. */
  readonly strategy?: StrategyName;
  /** How deltas are encoded. */
  readonly codec?: CodecName;
  /** The relay's step: `sgd` where only the codec is chosen, and sparse. */
  readonly outer?: OuterName;
  /** Its rate where it begins, and its momentum; the strategy's unless given. */
  readonly outerRate?: number;
  readonly outerMomentum?: number;
  /** How the base of a round reaches nodes: `full` unless given. */
  readonly downlink?: DownlinkName;
  /** Fragments of a strategy that has them; as many as its paper's unless given. */
  readonly fragments?: number;
  /** The last layers of the model, which a node may train that is too slow for the whole; none unless given. */
  readonly upperLayers?: number;
  /** The guard's tokens, and by how many nats a token the loss on them may rise; no guard unless given. */
  readonly probe?: Probe;
  /** Per cent of the nodes at a round's opening; the grace begins when more have contributed. */
  readonly graceShare?: number;
  /** Per cent of a round's weight that one node may have; 100, no limit, unless given. */
  readonly weightShare?: number;
  /** What decides a contribution's weight beside its tokens; `claimed` unless given. */
  readonly quality?: QualityName;
  /** Contributions of a round that are scored on the probe; none unless given. */
  readonly evaluations?: number;
  /** Who scores them beside the relay; nobody unless given. */
  readonly evaluators?: EvaluatorChoices;
  /** The most nodes, and contributions of a round; as many as sums can hold, up to 4,096, unless given. */
  readonly maxNodes?: number;
  /** Rounds for which payloads are kept, 0 for always; `usualPayloadRounds` unless given. */
  readonly payloadRounds?: number;
  /** Who may read single contributions once their round is over; an auditor by its Ed25519 public key. */
  readonly readers: 'anyone' | 'members' | Uint8Array;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** How nodes train; `usualTraining` with the strategy's optimizer unless given. */
  readonly training?: TrainingChoices;
}

/** A base that a new run trains on. */
export interface StartModel {
  readonly config: ModelConfig;
  readonly parameters: Float32Array<ArrayBuffer>;
}

/** The guard of a run. */
export interface Probe {
  readonly tokens: Uint32Array<ArrayBuffer>;
  readonly maxIncrease: number;
  /** The newest bases that the loss is compared with; all unless given. */
  readonly rounds?: number;
}

/** The training settings that a run's strategy chooses. */
export interface TrainingChoices {
  readonly optimizer: OptimizerName;
  readonly precision: 'f32' | 'f16';
  readonly schedule: 'cosine' | 'wsd';
  readonly recompute: boolean;
  /** Parts of a step's batch; 0 for the fewest that each adapter can hold. */
  readonly accumulation: number;
}

export const usualTraining: TrainingChoices = {
  optimizer: 'adamw',
  precision: 'f32',
  schedule: 'cosine',
  recompute: false,
  accumulation: 0,
};

/** Local steps a round, windows a step, and the inner peak learning rate, which falls with width as usual. */
const tuned: Readonly<Record<PresetName, { steps: number; batch: number; learningRate: number }>> = {
  nano: { steps: 40, batch: 4, learningRate: 1e-3 },
  micro: { steps: 40, batch: 8, learningRate: 1e-3 },
  mini: { steps: 50, batch: 16, learningRate: 8e-4 },
  small: { steps: 50, batch: 16, learningRate: 6e-4 },
  base: { steps: 100, batch: 16, learningRate: 4e-4 },
};

export function defaultSteps(preset: PresetName): number {
  return tuned[preset].steps;
}

export function defaultBatch(preset: PresetName): number {
  return tuned[preset].batch;
}

/** AdamW's settings of the inner steps. */
const adamw = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
const gradientClip = 1;

/** The inner optimizer of a run with the usual training. */
export const inner = { ...adamw, gradientClip };

/** Jordan et al. use 0.95 (kellerjordan.github.io/posts/muon). */
const muonMomentum = 0.95;

/** The part of the steps in which a warm-up-stable-decay schedule decays (Hägele et al. 2024, arXiv 2405.18392). */
const decayPart = 0.2;

/** A warm-up, or a node that joins late, makes deltas a little longer than those of the rounds before, and not four times. */
const followingNorm = { factor: 4, rounds: 4 };

/** Among so many arrivals are several of each node, whose deltas are as long as their steps are many. */
function followedRounds(fragments: number, pace: Pace, { period = usualPeriod }: ArrivalChoices): number {
  const arrivals = pace === 'arrivals' ? followingNorm.rounds * period : 0;
  return Math.min(1024, Math.max(fragments, followingNorm.rounds, arrivals));
}

const usualMaxNodes = 4096;

/** Rounds for which payloads are kept: a short run can be verified from its beginning, and a long one does not fill the disk. */
export const usualPayloadRounds = 100;

/** More than half: while honest nodes are the majority, hostile ones can neither begin the grace nor prevent it. */
export const usualGraceShare = 50;

/** No limit: where nodes are few, one that is much faster than the others would count for little. */
export const usualWeightShare = 100;

type GuardDraft = NonNullable<NewRun['manifest']['guard']>;

/** The manifest's readers of single contributions. */
export function readersOf(
  readers: RunChoices['readers'],
): NonNullable<NewRun['manifest']['contributionReaders']> {
  if (readers === 'anyone') return { case: 'anyone', value: {} };
  if (readers === 'members') return { case: 'members', value: {} };
  return { case: 'auditor', value: { publicKey: readers } };
}

/** The manifest's guard, and the blob that it names. */
function guardOf({ probe, rounds: all }: RunChoices): Pick<NewRun, 'probe'> & { readonly guard: GuardDraft } {
  if (probe === undefined) return { guard: { case: 'unguarded', value: {} } };
  const { tokens, maxIncrease, rounds = all } = probe;
  const bytes = bytesOfProbe(tokens);
  const value = { hash: fromHex(sha256Hex(bytes)), byteLength: bytes.length, maxIncrease, rounds };
  return { probe: bytes, guard: { case: 'probe', value } };
}

/** The peak learning rate of a model that is trained on, as a part of the usual one: more would undo what it has learnt. */
const furtherPart = 0.25;

/** The preset whose training settings fit a model: the largest that is not larger. */
export function presetFor(parameters: number): PresetName {
  return presetNames.findLast((name) => layoutOf(presets[name]).trained <= parameters) ?? 'nano';
}

/** The strategy's choices, where no other is chosen. */
function chosen({ strategy = 'diloco', codec, outer }: RunChoices): NamedStrategy {
  const named = strategies[strategy];
  const usualOuter = codec === 'sparse' && named.outer === 'nesterov' ? 'sgd' : named.outer;
  return { ...named, codec: codec ?? named.codec, outer: outer ?? usualOuter };
}

/** `tensors`: the sizes of the model's. */
function strategyOf(
  choices: RunChoices,
  part: NonNullable<StrategyDraft['part']>,
  tensors: () => readonly number[],
): StrategyDraft {
  const { preset, start, rounds, steps, batch } = choices;
  const named = chosen(choices);
  const { training = { ...usualTraining, optimizer: named.optimizer } } = choices;
  const { optimizer, precision, schedule, recompute, accumulation } = training;
  const totalSteps = rounds * steps;
  return {
    rounds,
    localSteps: steps,
    batch,
    sequence: Math.min(
      presets[preset].contextLength,
      start?.config.contextLength ?? Number.POSITIVE_INFINITY,
    ),
    accumulation,
    recompute,
    gradientClip,
    learningRate: tuned[preset].learningRate * (start === undefined ? 1 : furtherPart),
    warmupSteps: Math.min(50, Math.ceil(totalSteps / 10)),
    finalFraction: 0.1,
    inner:
      optimizer === 'adamw'
        ? { case: 'adamw', value: adamw }
        : { case: 'muon', value: { ...adamw, momentum: muonMomentum } },
    schedule:
      schedule === 'cosine'
        ? { case: 'cosine', value: {} }
        : { case: 'warmupStableDecay', value: { decaySteps: Math.ceil(totalSteps * decayPart) } },
    precision: precision === 'f32' ? { case: 'f32', value: {} } : { case: 'f16', value: usualScaling },
    outer: outerOf({
      ...{ outer: named.outer, nesterov: named.nesterov, rounds },
      ...{ rate: choices.outerRate, momentum: choices.outerMomentum, period: choices.arrivals?.period },
      corrected: named.isCorrected === true ? tensors() : null,
    }),
    part,
  };
}

/** A run as the relay takes it: its manifest, and the base of round 1. */
export function newRun(choices: RunChoices): NewRun {
  const { tokenizer = byteTokenizer } = choices;
  const { vocabularySize } = tokenizer;
  const config: ModelConfig = choices.start?.config ?? { ...presets[choices.preset], vocabularySize };
  const layout = layoutOf(config);
  const { merge = 'robust' } = choices;
  const { codec: codecName, isFragmented } = chosen(choices);
  const fragments = isFragmented ? fragmentsFor(layout.length, config.layers, choices.fragments) : null;
  const whole = { count: 1, length: layout.length };
  const { count, length } = fragments === null ? whole : stridedFragments(layout.length, fragments);
  const starts = layout.tensors.map(({ offset }) => offset);
  const { arrivals = {}, pace = chosen(choices).pace ?? 'fixed', upperLayers } = choices;
  checkUpperLayers(upperLayers, { isFragmented, waits: pace !== 'arrivals' });
  const upper = upperLayers === undefined ? null : upperPartOf(config, layout, upperLayers);
  const part = upper === null ? partOf(fragments) : ({ case: 'upperLayers', value: upper } as const);
  const strategy = strategyOf(choices, part, () => tensorSizes(starts, layout.length, 1));
  const { draft, codec } = codecFor(codecName, layout.length);
  const { probe, guard } = guardOf(choices);
  const named = runTokenizer(tokenizer, config.contextLength);
  const maxTokens = choices.steps * choices.batch * (strategy.sequence ?? 0);
  // Below 2^53, so that every sum of a round is exact.
  const most = Math.ceil(2 ** 53 / (codec.greatestInteger * maxTokens)) - 1;
  // Each node that connects has a place in the round, so that fast nodes take none from slow ones.
  const fitting = Math.min(usualMaxNodes, most, mostMerged(merge));
  const maxNodes = choices.maxNodes ?? Math.max(choices.quorum, fitting);
  return {
    manifest: {
      version: 2,
      name: choices.name,
      created: BigInt(choices.created),
      model: manifestModel(config, layout),
      tokenizer: named.manifest,
      strategy,
      codec: draft,
      merge: mergeOf(merge, codecName, layout, upper?.from ?? null),
      limits: {
        quorum: choices.quorum,
        target: pace === 'arrivals' ? (arrivals.perBase ?? usualPerBase) : maxNodes,
        deadlineMs: choices.deadlineMs,
        graceMs: choices.graceMs,
        graceShare: choices.graceShare ?? usualGraceShare,
        weightShare: choices.weightShare ?? usualWeightShare,
        payloadRounds: choices.payloadRounds ?? usualPayloadRounds,
        payloadBytes: codec.payloadBytes(length),
        maxTokens,
        maxNodes,
      },
      lane: { case: 'open', value: {} },
      guard,
      norm: {
        case: 'following',
        value: { ...followingNorm, rounds: followedRounds(count, pace, arrivals) },
      },
      pace: paceOf(pace, choices.steps, arrivals),
      downlink: downlinkFor(choices.downlink ?? 'full'),
      quality: qualityOf(choices.quality ?? 'claimed', choices.evaluations, choices.evaluators),
      contributionReaders: readersOf(choices.readers),
      corpora: [...choices.corpora],
    },
    initialBase: choices.start?.parameters ?? initialParameters(config, layout, choices.seed),
    ...(named.files === undefined ? {} : { tokenizer: named.files }),
    ...(probe === undefined ? {} : { probe }),
  };
}
