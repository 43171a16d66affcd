import type { BatchShape } from '../../data/batch.ts';
import type { TokenizedCorpus } from '../../data/corpus.ts';
import { TapestryError } from '../../errors.ts';
import { type ModelConfig, requireLanguageModel } from '../../model/config.ts';
import { scoreHead } from '../../model/parameters.ts';
import type { MemoryOptions } from '../../train/memory.ts';
import type { Schedule } from '../../train/optimizer/schedule.ts';
import type { OptimizerSettings } from '../../train/training.ts';
import { divergenceObjective } from '../objectives/kernels/divergence.ts';
import { policyObjective } from '../objectives/kernels/policy.ts';
import type { AdapterRecipe, StageRecipe } from '../recipe/recipe.ts';
import type { GroupLoss } from './loss/group-loss.ts';
import { stageLoss } from './loss/stage-loss.ts';
import { noSources, type RewardSources } from './reinforce/rewards.ts';
import { RolloutBatches } from './reinforce/rollout-batches.ts';
import { StageBatches } from './stage-batches.ts';
import type { StageData } from './stage-data.ts';
import { adapterSettings } from './stage-weights.ts';

/** A stage with everything that it needs: the recipe's choices applied to a model and to data. */
export interface StagePlan {
  readonly recipe: StageRecipe;
  /** The configuration of the model that the stage trains, which has a score head in a reward stage. */
  readonly config: ModelConfig;
  readonly data: StageData;
  /** Base text, for replay and for the loss on it; null if the recipe names none and its share is 0. */
  readonly baseText: TokenizedCorpus | null;
  readonly shape: BatchShape;
  readonly steps: number;
  /** Seed of the order of the examples, the windows of base text and the adapters' first values. */
  readonly seed: number;
  /** The trained parameters that the stage begins with; unless given the model's own, or an adapter that changes nothing yet. */
  readonly initial?: Float32Array<ArrayBuffer>;
  /** The stage's batches, from the first on. `references` are those of the training examples, if the loss has any. */
  readonly batches: (references: Float32Array | null) => StageBatches;
  /** The stage's batches of completions, from the first on; null unless it learns from rewards. */
  readonly rollouts: (() => RolloutBatches) | null;
  /** What the rewards of the stage name. */
  readonly rewardSources: RewardSources;
  /** Null if the stage trains the mean loss of its targets. */
  readonly loss: GroupLoss | null;
  /** Steps between two measurements. */
  readonly evaluationSteps: number;
  readonly schedule: Schedule;
  readonly optimizer: OptimizerSettings;
  readonly trainer: MemoryOptions;
}

/** The context that rows of a stage may use. Throws `recipe.sequence`. */
export function sequenceOf({ sequence }: StageRecipe, { contextLength }: ModelConfig): number {
  if (sequence === null || sequence <= contextLength) return sequence ?? contextLength;
  throw new TapestryError(
    'recipe.sequence',
    `sequence_len is ${sequence}, and the model's context has ${contextLength} tokens.`,
    'Leave sequence_len out, or give at most the context.',
  );
}

/**
 * Applies a stage's recipe to a model of the configuration `before`. Throws `recipe.replay` if base text is wanted and none is named,
 * and `model.scores` for a reward model where a language model is needed.
 */
export function planStage(
  recipe: StageRecipe,
  before: ModelConfig,
  data: StageData,
  baseText: TokenizedCorpus | null,
  seed: number,
  rewardSources: RewardSources = noSources,
): StagePlan {
  const { batch, warmup, accumulation, recompute } = recipe;
  if (recipe.kind !== 'reward') requireLanguageModel(before, 'The model');
  const config = recipe.kind === 'reward' ? { ...before, scores: true } : before;
  if (recipe.replay.share > 0 && baseText === null)
    throw new TapestryError(
      'recipe.replay',
      'The recipe wants base text in every step, which keeps the model from forgetting, and names none.',
      'Name some with replay: {text: files} or replay: {corpora: names}, or set replay: 0 to do without.',
    );
  const sequence = sequenceOf(recipe, config);
  const { share } = recipe.replay;
  const shape = { batch, sequence };
  const replay = share > 0 && baseText !== null ? { tokens: baseText.train, share } : null;
  const loss = stageLoss(recipe);
  const batches = (references: Float32Array | null) => {
    const { packing } = recipe;
    const known = references ?? new Float32Array();
    return new StageBatches(data.train, {
      ...{ shape, seed, replay, packing },
      ...(loss && { groups: { loss, references: known } }),
      ...(recipe.kl > 0 && { divergence: { beta: recipe.kl, references: known } }),
    });
  };
  const { reinforce } = recipe;
  const rollouts = reinforce && (() => new RolloutBatches(data.train, { shape, seed, replay, reinforce }));
  const epoch =
    reinforce && rollouts ? rollouts().rolloutsPerEpoch * reinforce.updates : batches(null).batchesPerEpoch;
  const steps = recipe.maxSteps ?? Math.max(1, Math.round(recipe.epochs * epoch));
  const objective = reinforce
    ? policyObjective
    : (loss?.objective ?? (recipe.kl > 0 ? divergenceObjective : undefined));
  const warmupSteps = 'steps' in warmup ? warmup.steps : Math.round(warmup.share * steps);
  const common = {
    peak: recipe.learningRate ?? usualRate(recipe, config),
    warmupSteps: Math.min(warmupSteps, steps),
    totalSteps: steps,
  };
  return {
    ...{ recipe, config, data, baseText, shape, steps, seed, loss, batches, rollouts, rewardSources },
    evaluationSteps: recipe.evaluationSteps ?? Math.max(1, Math.ceil(steps / 10)),
    schedule:
      recipe.schedule === 'cosine'
        ? { kind: 'cosine', ...common, finalFraction: 0.1 }
        : { kind: 'warmup-stable-decay', ...common, decaySteps: 0, finalFraction: 1 },
    optimizer: {
      ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: recipe.weightDecay, gradientClip: 1 },
      ...(recipe.optimizer === 'muon' && { muon: { momentum: 0.95 } }),
    },
    trainer: {
      recompute,
      ...(accumulation === null ? {} : { accumulation }),
      ...(objective && { objective }),
      ...(recipe.adapter && adapterTraining(recipe.adapter, config, seed)),
    },
  };
}

/** How a trainer trains adapters; a score head, which is new, is trained beside them. The seed draws what dropout drops. */
function adapterTraining(adapter: AdapterRecipe, { scores = false }: ModelConfig, seed: number) {
  const lora = { ...adapterSettings(adapter), dropout: adapter.dropout, dropoutSeed: seed };
  const head = scores && { trained: ({ name }: { readonly name: string }) => name === scoreHead };
  return { lora, quantizesFrozen: adapter.quantized, ...head };
}

/** Half the rate that a run trains a model of this width with, which falls with the root of the width. */
function usualRate({ kind, adapter }: StageRecipe, { dimension }: ModelConfig): number {
  const rate = 5e-4 * Math.sqrt(128 / dimension);
  // Preferences need a tenth, as in other tools; adapters ten times as much as full weights (Schulman et al. 2025, "LoRA without regret").
  return rate * (kind === 'prefer' || kind === 'reinforce' ? 0.1 : 1) * (adapter === null ? 1 : 10);
}
