import { type ModelConfig, type PresetName, presets } from '../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import type { NewRun } from '../../relay/run.ts';
import { densePayloadBytes } from '../../relay/wire/dense.ts';
import { fromHex } from '../../relay/wire/hex.ts';
import { CodecKind, Lane, Tokenizer } from '../../relay/wire/tapestry_pb.js';

/** What an operator decides about a new run. The rest of the manifest follows from it. */
export interface RunChoices {
  readonly name: string;
  readonly preset: PresetName;
  readonly rounds: number;
  /** Local AdamW steps a round. */
  readonly steps: number;
  /** Windows of the preset's context length a step. */
  readonly batch: number;
  readonly nations: readonly string[];
  readonly quorum: number;
  readonly target: number;
  readonly deadlineMs: number;
  readonly graceMs: number;
  readonly maxNodes: number;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly created: number;
}

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

/** 8 bits and a shift for each 256 parameters: 8.03 bits a parameter, from 2^-20 to about a half. */
const grid = { bits: 8, block: 256, exponent: -20, maxShift: 12 };

/**
 * DiLoCo's (arXiv 2311.08105) outer step, but with a momentum of 0.5 for its 0.9: that one needs hundreds of rounds to pay,
 * and over 20 it overshoots (held-out loss 3.03 against 2.85 after 200 steps a node, and worse than before after round 2).
 */
export const outer = { outerLearningRate: 0.7, outerMomentum: 0.5 };

/** AdamW's settings of the inner steps. */
export const inner = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

/** A delta's greatest L2 norm: some four times what 10 to 30 steps of an honest node were seen to give. */
function clipNormOf(parameters: number): number {
  return 0.05 * Math.sqrt(parameters);
}

/** A run as the relay takes it: its constitution, and the base of round 1. */
export function newRun(choices: RunChoices): NewRun {
  const config: ModelConfig = presets[choices.preset];
  const layout = layoutOf(config);
  const codec = { ...grid, clipNorm: clipNormOf(layout.length) };
  const tokensPerStep = choices.batch * config.contextLength;
  return {
    manifest: {
      version: 1,
      name: choices.name,
      created: BigInt(choices.created),
      model: { ...config, parameters: layout.length, layout: fromHex(layout.hash) },
      tokenizer: Tokenizer.BYTES,
      strategy: {
        rounds: choices.rounds,
        localSteps: choices.steps,
        batch: choices.batch,
        sequence: config.contextLength,
        learningRate: tuned[choices.preset].learningRate,
        warmupSteps: Math.min(50, Math.ceil((choices.rounds * choices.steps) / 10)),
        finalFraction: 0.1,
        ...inner,
        ...outer,
      },
      codec: { kind: CodecKind.DENSE, ...codec },
      limits: {
        quorum: choices.quorum,
        target: choices.target,
        deadlineMs: choices.deadlineMs,
        graceMs: choices.graceMs,
        payloadBytes: densePayloadBytes(layout.length, codec),
        maxTokens: choices.steps * tokensPerStep,
        maxNodes: choices.maxNodes,
      },
      lane: Lane.OPEN,
      nations: [...choices.nations],
    },
    initialBase: initialParameters(config, layout, choices.seed),
  };
}
