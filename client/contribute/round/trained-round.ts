import type { Corpus } from '../../data/corpus.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { Place } from '../../train/checkpoint.ts';
import type { OptimizerState } from '../../train/training.ts';
import type { ContributorEvent } from '../events.ts';

/** The result of training one round from its base. */
export interface TrainedRound {
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly steps: number;
  readonly tokens: number;
  /** Losses in nats per token, each exactly a f32. */
  readonly trainingLoss: number;
  readonly heldOutLoss: number;
}

/** Training state that is carried from round to round. It has no parameters: each round begins with those of its base. */
export type RoundStart = Place<OptimizerState>;

/** How long a node has been in its run. */
export interface Presence {
  /** The round that it trained last; null before its first. */
  readonly round: number | null;
  /** See `joinedAt`. */
  readonly joinedAt: number | null;
}

/** The vectors of a round: it trains `parameters`, and reports the held-out loss of `measured`, its base if that is here. */
export interface RoundVectors {
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly measured: Float32Array<ArrayBuffer>;
}

/** When the node must stop training to be in time, on the clock of its runtime; infinite for a round without a plan. */
export type WorkUntil = () => number;

export interface TrainingOptions {
  readonly corpus: Corpus;
  /** The model's tokenizer. */
  readonly tokenizer: Tokenizer;
  readonly seed: number;
  readonly power: number;
  readonly tell: (event: ContributorEvent) => void;
}
