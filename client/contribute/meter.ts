import type { BatchShape } from '../data/batch.ts';
import { TapestryError } from '../errors.ts';

/** At most so many readings make a round's training loss: each one waits for the adapter. */
const readingsMost = 16;

/** What the wire carries of a loss: f32, and no more than this; beyond it training has diverged. */
const lossMost = 1000;

/** Where a round stands, for heartbeats. */
export interface Progress {
  readonly steps: number;
  readonly tokens: number;
  /** The last reading, nats a token. */
  readonly trainingLoss: number;
  readonly tokensPerSecond: number;
}

/** Of a node that has not begun. */
export const nothingYet: Progress = { steps: 0, tokens: 0, trainingLoss: 0, tokensPerSecond: 0 };

/** Reads the loss of a round now and then, and with it how fast the round goes. */
export class Meter {
  readonly #tokensPerStep: number;
  readonly #steps: number;
  readonly #every: number;
  readonly #now: () => number;
  #readings: Progress[] = [];
  #from = { steps: 0, at: 0 };
  progress = nothingYet;

  constructor(steps: number, { batch, sequence }: BatchShape, now: () => number) {
    this.#tokensPerStep = batch * sequence;
    this.#steps = steps;
    this.#every = Math.ceil(steps / readingsMost);
    this.#now = now;
    this.start(0);
  }

  /** From here on time counts as worked, after `steps` steps. */
  start(steps: number): void {
    this.#from = { steps, at: this.#now() };
  }

  /** Whether the loss is to be read after so many steps: after the first, the last, and evenly between. */
  isDue(steps: number): boolean {
    return (steps - 1) % this.#every === 0 || steps === this.#steps;
  }

  /** Only so many steps count as done: those after them will be done again. */
  rewind(steps: number): void {
    this.#readings = this.#readings.filter((reading) => reading.steps <= steps);
    this.progress = { ...(this.#readings.at(-1) ?? nothingYet), steps, tokens: steps * this.#tokensPerStep };
  }

  done(steps: number): void {
    this.progress = { ...this.progress, steps, tokens: steps * this.#tokensPerStep };
  }

  /** @throws TapestryError `training.diverged` */
  read(steps: number, loss: number): Progress {
    const trainingLoss = finiteLoss(loss);
    const seconds = Math.max(this.#now() - this.#from.at, 1) / 1000;
    const tokensPerSecond = ((steps - this.#from.steps) * this.#tokensPerStep) / seconds;
    this.progress = { steps, tokens: steps * this.#tokensPerStep, trainingLoss, tokensPerSecond };
    this.#readings.push(this.progress);
    this.start(steps);
    return this.progress;
  }

  /** Mean of the readings, as a f32. */
  get meanLoss(): number {
    const sum = this.#readings.reduce((total, { trainingLoss }) => total + trainingLoss, 0);
    return Math.fround(sum / this.#readings.length);
  }
}

/** A loss as the wire carries it. @throws TapestryError `training.diverged` */
export function finiteLoss(loss: number): number {
  if (Math.abs(loss) <= lossMost) return Math.fround(loss);
  throw new TapestryError(
    'training.diverged',
    `The loss became ${loss}.`,
    'Nothing to do: the round is given up and training goes on from the next base.',
  );
}
