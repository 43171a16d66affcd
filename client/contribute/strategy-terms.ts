import type { WholeStrategy } from '../../relay/wire/frames.ts';
import type { BatchShape } from '../data/batch.ts';
import type { Schedule } from '../train/optimizer/schedule.ts';
import type { TrainerOptions } from '../train/trainer.ts';
import type { OptimizerSettings } from '../train/training.ts';

/** A run's strategy as settings of client/train. */
export interface StrategyTerms {
  /** Shape of a step's whole batch. */
  readonly shape: BatchShape;
  readonly optimizer: OptimizerSettings;
  readonly schedule: Schedule;
  readonly trainer: Omit<TrainerOptions, 'choices'>;
  readonly rounds: number;
  /** Steps a round. */
  readonly localSteps: number;
}

/** The training settings of a strategy. `problemOfStrategy` must have returned null for it. */
export function strategyTermsOf(strategy: WholeStrategy): StrategyTerms {
  const { rounds, localSteps, batch, sequence, accumulation, recompute, precision } = strategy;
  return {
    shape: { batch, sequence },
    optimizer: optimizerOf(strategy),
    schedule: scheduleOf(strategy),
    trainer: {
      storage: precision.case,
      recompute,
      ...(accumulation > 0 && { accumulation }),
      ...(precision.case === 'f16' && {
        lossScaling: {
          initialScale: precision.value.initialScale,
          growthInterval: precision.value.growthInterval,
        },
      }),
    },
    rounds,
    localSteps,
  };
}

/** See `Synchronization`. */
export function localShareOf({ part }: Pick<WholeStrategy, 'part'>): number | null {
  if (part.case !== 'fragments') return null;
  const { arrival } = part.value;
  return arrival.case === 'afterSteps' ? arrival.value.localShare : null;
}

function optimizerOf({ inner, gradientClip }: WholeStrategy): OptimizerSettings {
  const { beta1, beta2, epsilon, weightDecay } = inner.value;
  const adamw = { beta1, beta2, epsilon, weightDecay, gradientClip };
  switch (inner.case) {
    case 'adamw':
      return adamw;
    case 'muon':
      return { ...adamw, muon: { momentum: inner.value.momentum } };
  }
}

function scheduleOf(strategy: WholeStrategy): Schedule {
  const { learningRate: peak, warmupSteps, finalFraction, rounds, localSteps, schedule } = strategy;
  const common = { peak, warmupSteps, finalFraction, totalSteps: rounds * localSteps };
  switch (schedule.case) {
    case 'cosine':
      return { kind: 'cosine', ...common };
    case 'warmupStableDecay':
      return { kind: 'warmup-stable-decay', ...common, decaySteps: schedule.value.decaySteps };
  }
}

/** The most tokens per step that a node accepts from a manifest. */
const maxTokensPerStep = 2 ** 20;

/** The reason why training cannot use a strategy; null if it can. */
export function problemOfStrategy(strategy: WholeStrategy): string | null {
  const { rounds, localSteps, batch, sequence, accumulation, gradientClip, learningRate } = strategy;
  const { inner, schedule, precision, finalFraction, part } = strategy;
  const { beta1, beta2, epsilon, weightDecay } = inner.value;
  const tokensPerStep = batch * sequence;
  if (rounds < 1 || localSteps < 1) return 'it has no rounds or no steps';
  if (tokensPerStep < 1 || tokensPerStep > maxTokensPerStep) return 'its batch is empty or too large';
  if (accumulation > 0 && batch % accumulation !== 0) return 'its accumulation does not divide its batch';
  if (learningRate <= 0 || epsilon <= 0) return 'its learning rate or epsilon is not positive';
  if (!inUnit(beta1) || !inUnit(beta2)) return 'a beta is not in [0, 1)';
  if (inner.case === 'muon' && !inUnit(inner.value.momentum)) return "Muon's momentum is not in [0, 1)";
  if (weightDecay < 0 || gradientClip <= 0) return 'its decay or gradient clip is out of range';
  if (finalFraction < 0) return 'its final fraction is negative';
  if (schedule.case === 'warmupStableDecay' && schedule.value.decaySteps > rounds * localSteps)
    return 'its decay is longer than the run';
  if (precision.case === 'f16' && (precision.value.initialScale < 1 || precision.value.growthInterval < 1))
    return 'its loss scaling is out of range';
  if (part.case === 'fragments' && part.value.arrival.case === 'afterSteps')
    if (part.value.arrival.value.localShare < 0) return 'its local share is negative';
  return null;
}

const inUnit = (value: number) => value >= 0 && value < 1;
