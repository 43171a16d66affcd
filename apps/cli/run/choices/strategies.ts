import type { StrategyDraft } from '../../../../relay/run/manifest.ts';
import type { NesterovSettings } from '../../../../relay/run/outer/nesterov.ts';
import type { FragmentSettings } from '../../../../relay/wire/fragments.ts';
import type { Pace } from './arrival-choices.ts';
import { type CodecName, sparseGrid } from './delta-choices.ts';
import { type OuterName, usualNesterov } from './outer-choices.ts';

export type OptimizerName = 'adamw' | 'muon';

export const strategyNames = [
  ...(['diloco', 'muloco', 'sparseloco', 'streaming'] as const),
  ...(['asynchronous', 'heloco'] as const),
] as const;
export type StrategyName = (typeof strategyNames)[number];

/** The choices that a strategy's name stands for. A manifest has only the choices. */
export interface NamedStrategy {
  readonly optimizer: OptimizerName;
  readonly codec: CodecName;
  readonly outer: OuterName;
  /** Of its outer step, if that is Nesterov's. */
  readonly nesterov: NesterovSettings;
  /** Whether a round synchronizes a fragment, or the whole model. */
  readonly isFragmented: boolean;
  /** Of its rounds, unless it suits any. */
  readonly pace?: Pace;
  /** Whether each delta is corrected by the momentum (HeLoCo). */
  readonly isCorrected?: boolean;
}

const diloco: NamedStrategy = {
  ...{ optimizer: 'adamw', codec: 'dense', outer: 'nesterov', nesterov: usualNesterov },
  isFragmented: false,
};

/**
 * DiLoCo (arXiv 2311.08105); MuLoCo (2505.23725): Muon inside, with its outer step for several nodes; SparseLoCo (2508.15706); and
 * Streaming DiLoCo (2501.18512); delayed Nesterov with steps by speed (2401.09135), without and with HeLoCo's correction (2606.00271).
 * docs/measured.md compares them.
 */
export const strategies: Readonly<Record<StrategyName, NamedStrategy>> = {
  diloco,
  muloco: { ...diloco, optimizer: 'muon', nesterov: { learningRate: 0.8, momentum: 0.9 } },
  sparseloco: { ...diloco, codec: 'sparse', outer: 'sgd' },
  streaming: { ...diloco, nesterov: { learningRate: 0.4, momentum: 0.9 }, isFragmented: true },
  asynchronous: { ...diloco, outer: 'delayed', pace: 'arrivals' },
  heloco: { ...diloco, outer: 'delayed', pace: 'arrivals', isCorrected: true },
};

/** Streaming DiLoCo's layers of a fragment, and what a node retains of its own values where it takes the base's. */
const fragmentLayers = 3;
const localShare = 0.5;

/**
 * Fragments of a model: as many as given, or else of three layers, and at least two. A block is about a layer. It is a multiple
 * of the sparse codec's chunk unless the model is smaller than its fragments' chunks.
 */
export function fragmentsFor(
  parameters: number,
  layers: number,
  count = Math.max(2, Math.round(layers / fragmentLayers)),
): FragmentSettings {
  const { chunk } = sparseGrid;
  const layer = Math.max(1, Math.round(parameters / Math.max(layers, count) / chunk)) * chunk;
  const block = (count - 1) * layer < parameters ? layer : Math.ceil(parameters / count);
  return { count, block };
}

/** The manifest's choice of fragments; null for the whole model. */
export function partOf(settings: FragmentSettings | null): NonNullable<StrategyDraft['part']> {
  if (settings === null) return { case: 'wholeModel', value: {} };
  const arrival = { case: 'afterSteps', value: { localShare } } as const;
  return { case: 'fragments', value: { ...settings, arrival } };
}
