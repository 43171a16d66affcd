/** The settings and state of a local training run, independent of the machine that runs it. */

import { TapestryError } from '../errors.ts';
import type { ParameterLayout } from '../model/parameters.ts';

/** AdamW with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) after clipping the global gradient norm. */
export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
  /** If set, Muon trains the layers' matrices, at the same rate and decay; AdamW trains embedding, head, gains and adapters. */
  readonly muon?: MuonSettings;
}

/**
 * Nesterov momentum, then five Newton-Schulz iterations towards the nearest orthogonal matrix, with the coefficients 3.4445,
 * -4.775 and 2.0315 (Jordan et al. 2024, kellerjordan.github.io/posts/muon). The result is scaled by 0.2 sqrt(max(rows,
 * columns)), not by Jordan's sqrt(max(1, rows / columns)): it is then as large as AdamW's updates, so that one rate and
 * decoupled decay suit both (Liu et al. 2025, arXiv 2502.16982).
 */
export interface MuonSettings {
  /** Jordan et al. use 0.95. */
  readonly momentum: number;
}

/**
 * Loss scaling, which keeps gradients in f16 storage from becoming zero (Micikevicius et al. 2018, arXiv 1710.03740). The loss
 * is multiplied by a scale. A gradient that is not finite halves the scale, down to 1; `growthInterval` finite gradients in a
 * row double it, up to 2^32.
 */
export interface LossScaling {
  readonly initialScale: number;
  readonly growthInterval: number;
}

/** The optimizer's state besides the vectors. Each number is a float32 or an integer, so that JSON keeps its bits. */
export interface Scaling {
  /** Always 1 with f32 storage. */
  readonly lossScale: number;
  /** Updates since the scale last changed. */
  readonly goodSteps: number;
  /** The weight sum of each of AdamW's moments, for bias correction: 1 - beta^t after t updates. */
  readonly firstWeight: number;
  readonly secondWeight: number;
  /** Number of updates made, and of updates skipped because the gradient was not finite. */
  readonly appliedSteps: number;
  readonly skippedSteps: number;
  /** Number of the latest consecutive skipped updates at which the loss scale could not be halved further. */
  readonly stuckSteps: number;
}

/** The state that an optimizer carries from step to step. */
export interface OptimizerState {
  /** Number of steps taken, including those whose update was skipped. */
  readonly step: number;
  /** AdamW's first moment, or Muon's momentum. */
  readonly firstMoment: Float32Array<ArrayBuffer>;
  /** AdamW's second moment; zero where Muon trains. */
  readonly secondMoment: Float32Array<ArrayBuffer>;
  /** `save` always sets it. Without it, `load` assumes that all steps were applied, and uses the initial loss scale. */
  readonly scaling?: Scaling;
}

/** Everything a trainer needs to resume with the same bits, on the same adapter with the same kernels. */
export interface TrainerState extends OptimizerState {
  readonly parameters: Float32Array<ArrayBuffer>;
}

/** The state of an optimizer of `length` parameters before its first step. */
export function freshOptimizer(length: number): OptimizerState {
  return { step: 0, firstMoment: new Float32Array(length), secondMoment: new Float32Array(length) };
}

/** The state of a trainer before its first step. */
export function freshState(parameters: Float32Array<ArrayBuffer>): TrainerState {
  return { ...freshOptimizer(parameters.length), parameters };
}

/** Throws TapestryError `state.length` if the values of `name` are not as many as their layout's. */
export function checkLength(name: string, values: Float32Array, { length }: ParameterLayout): void {
  if (values.length === length) return;
  throw new TapestryError(
    'state.length',
    `${name} has ${values.length} values; its layout has ${length}.`,
    'Load a state that was saved by a model of the same configuration, with the same part of it trained.',
  );
}
