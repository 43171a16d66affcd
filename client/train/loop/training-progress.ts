import type { BatchShape } from '../../data/batch.ts';
import { TapestryError } from '../../errors.ts';

/** A task reads its loss at most this many times, because each reading waits for the adapter. */
const maxReadings = 16;

/** In nats per token; above this, training has diverged. */
const maxLoss = 1000;

/** The progress of a task. */
export interface TrainingProgress {
  readonly steps: number;
  readonly tokens: number;
  /** The last loss that was read, in nats per token. */
  readonly trainingLoss: number;
  readonly tokensPerSecond: number;
}

/** The progress before the first step. */
export const noProgress: TrainingProgress = { steps: 0, tokens: 0, trainingLoss: 0, tokensPerSecond: 0 };

/** The recent time of a step of this shape, pauses of the throttle included; 0 before the first reading. */
export function stepMilliseconds(
  { tokensPerSecond }: TrainingProgress,
  { batch, sequence }: BatchShape,
): number {
  return tokensPerSecond > 0 ? (1000 * batch * sequence) / tokensPerSecond : 0;
}

/** Decides when a task's loss is read, and stores the readings: losses, and tokens per second. */
export class ProgressTracker {
  readonly #tokensPerStep: number;
  readonly #steps: number;
  readonly #every: number;
  readonly #now: () => number;
  #readings: readonly TrainingProgress[];
  #from = { steps: 0, at: 0 };
  progress = noProgress;

  /** `readings` are those of steps that were done before. */
  constructor(
    steps: number,
    { batch, sequence }: BatchShape,
    now: () => number,
    readings: readonly TrainingProgress[] = [],
  ) {
    this.#readings = readings;
    this.#tokensPerStep = batch * sequence;
    this.#steps = steps;
    this.#every = Math.ceil(steps / maxReadings);
    this.#now = now;
    this.start(0);
  }

  /** Starts to count time as work; `steps` steps are done. */
  start(steps: number): void {
    this.#from = { steps, at: this.#now() };
  }

  /** True if the loss must be read after `steps` steps: after the first, the last, and evenly between. */
  isDue(steps: number): boolean {
    return (steps - 1) % this.#every === 0 || steps === this.#steps;
  }

  /** Goes back to `steps` steps; later ones will be repeated. */
  rewind(steps: number): void {
    this.#readings = this.#readings.filter((reading) => reading.steps <= steps);
    this.progress = { ...(this.#readings.at(-1) ?? noProgress), steps, tokens: steps * this.#tokensPerStep };
  }

  done(steps: number): void {
    this.progress = { ...this.progress, steps, tokens: steps * this.#tokensPerStep };
  }

  /** @throws TapestryError `training.diverged` */
  read(steps: number, loss: number): TrainingProgress {
    const trainingLoss = finiteLoss(loss);
    const seconds = Math.max(this.#now() - this.#from.at, 1) / 1000;
    const tokensPerSecond = ((steps - this.#from.steps) * this.#tokensPerStep) / seconds;
    this.progress = { steps, tokens: steps * this.#tokensPerStep, trainingLoss, tokensPerSecond };
    this.#readings = [...this.#readings, this.progress];
    this.start(steps);
    return this.progress;
  }

  /** Each time that the loss was read, in order. */
  get readings(): readonly TrainingProgress[] {
    return this.#readings;
  }

  /** Mean of the losses read, as an f32. NaN before the first. */
  get meanLoss(): number {
    const sum = this.#readings.reduce((total, { trainingLoss }) => total + trainingLoss, 0);
    return Math.fround(sum / this.#readings.length);
  }
}

/** A loss as an f32, in nats per token. @throws TapestryError `training.diverged` unless its magnitude is at most 1,000 */
export function finiteLoss(loss: number): number {
  if (Math.abs(loss) <= maxLoss) return Math.fround(loss);
  throw new TapestryError(
    'training.diverged',
    `The loss became ${loss}.`,
    'Resume from an earlier state with a lower learning rate. A contributing node does so automatically, from the next base.',
  );
}

/** The loss is finite, but no gradient was, so there is nothing to contribute. */
export function nothingLearned(): TapestryError {
  return new TapestryError(
    'training.diverged',
    'No step of the round had a finite gradient.',
    'The node drops this round and trains from the next base.',
  );
}
