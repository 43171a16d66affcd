import type { ContributorEvent } from '../../../client/contribute/contributor.ts';
import { bar, span, sparkLine } from './bar.ts';
import { bytes, loss } from './table.ts';

/** Losses that the spark line shows. */
const shownLosses = 30;

/** What a node does, as a few lines that a terminal redraws: progress and time left, the loss, and what was sent. */
export class JoinPanel {
  #rounds = 0;
  #tokensPerStep = 0;
  #localSteps = 0;
  #step: Extract<ContributorEvent, { event: 'step' }> | null = null;
  #heldOut: number | null = null;
  /** The rounds that the node only follows; null while it takes part. */
  #follows: number | null = null;
  #losses: number[] = [];
  #contributions = 0;
  #sent = 0;
  #received = 0;

  hear(event: ContributorEvent): void {
    switch (event.event) {
      case 'joined':
        this.#rounds = event.rounds;
        this.#tokensPerStep = event.tokensPerStep;
        this.#localSteps = event.localSteps;
        break;
      case 'following':
        this.#follows = event.rounds;
        break;
      case 'round':
        this.#follows = null;
        this.#heldOut = event.heldOutLoss;
        break;
      case 'last-base':
        this.#heldOut = event.heldOutLoss;
        break;
      case 'step':
        this.#step = event;
        this.#losses = [...this.#losses, event.loss].slice(-shownLosses);
        break;
      case 'acknowledged':
        this.#contributions++;
        break;
      case 'sent':
        this.#sent = Object.values(event.bytes).reduce((sum, each) => sum + each, 0);
        this.#received = event.received;
        break;
    }
  }

  /** None before the first step. */
  lines(): string[] {
    const step = this.#step;
    if (step === null) return [];
    const milliseconds = (steps: number) =>
      step.tokensPerSecond > 0 ? span((1000 * steps * this.#tokensPerStep) / step.tokensPerSecond) : '?';
    const left = step.steps - step.step;
    const inRun = left + Math.max(0, this.#rounds - step.round) * this.#localSteps;
    const counted = `${this.#contributions} contribution${this.#contributions === 1 ? '' : 's'}`;
    const does =
      this.#follows === null
        ? `${bar(step.step / step.steps, 20)} ${milliseconds(left)} left, the run at least ${milliseconds(inRun)}`
        : `too slow: follows ${this.#follows} rounds, then takes part again`;
    return [
      `round ${step.round}/${this.#rounds} ${does}`,
      `loss ${loss(step.loss)} ${sparkLine(this.#losses, shownLosses)} held out ${loss(this.#heldOut)}`,
      `sent ${bytes(this.#sent)} in ${counted}, received ${bytes(this.#received)}; no text was sent`,
    ];
  }
}
