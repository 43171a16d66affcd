import { TapestryError } from '../errors.ts';
import { QueueEstimate } from '../gpu/queue-estimate.ts';
import type { Host } from './host.ts';

/** A wait for the GPU comes after about this much work: long enough to cost nothing, short enough to pause and leave. */
const burstMilliseconds = 100;
const longestBurst = 64;

/** The least share of the time that a node works: at less, a round would outlast any deadline. */
const leastPower = 0.1;

/** A power setting as it comes from outside. Throws TapestryError `usage.power` for what is not from 0.1 to 1. */
export function checkedPower(power: number): number {
  if (power >= leastPower && power <= 1) return power;
  throw new TapestryError(
    'usage.power',
    `${power} is no power setting.`,
    `Give a number from ${leastPower} (a tenth of the time) to 1 (all of it).`,
  );
}

/** What pacing needs of a device. */
interface Paced {
  readonly device: { readonly queue: Pick<GPUQueue, 'onSubmittedWorkDone'> };
  readonly software: boolean;
}

/**
 * Keeps the work given to the GPU bounded, and a chosen share of the time free. Steps are given in bursts; while one runs
 * the next is recorded, so that a GPU never idles at full power. Measured step times set the length of a burst.
 */
export class Pace {
  readonly #host: Host;
  readonly #device: Paced;
  readonly #estimate: QueueEstimate;
  /** Share of the time that is worked, from 0.1 to 1. */
  power: number;
  #burst = 1;
  #given = 0;
  #stepMilliseconds = 0;
  #startedAt = 0;
  #inFlight: { readonly done: Promise<unknown>; readonly steps: number } | null = null;

  constructor(host: Host, device: Paced, power: number) {
    this.#host = host;
    this.#device = device;
    this.#estimate = new QueueEstimate(() => host.now());
    this.power = power;
  }

  /** To be called before a run of steps: time spent elsewhere is not step time. */
  start(): void {
    this.#given = 0;
    this.#inFlight = null;
    this.#startedAt = this.#host.now();
    this.#estimate.forget();
  }

  /** To be called after each step; resolves when the next may be given. True where it waited: a point to stop at. */
  async stepGiven(signal: AbortSignal): Promise<boolean> {
    this.#estimate.submitted(1);
    if (++this.#given < this.#burst) return false;
    const steps = this.#given;
    this.#given = 0;
    const { queue } = this.#device.device;
    if (this.power >= 1 && !this.#device.software) {
      const before = this.#inFlight;
      this.#inFlight = { done: queue.onSubmittedWorkDone(), steps };
      // Nothing was waited for yet, so nothing is measured.
      if (before === null) return false;
      await before.done;
      this.#measure(before.steps);
      return true;
    }
    // Awaiting makes Dawn poll, which takes a core from an adapter that is itself made of cores: sleep first.
    if (this.#device.software) await this.#host.sleep(this.#estimate.remaining(), signal);
    await queue.onSubmittedWorkDone();
    this.#estimate.drained();
    const worked = this.#measure(steps);
    if (this.power < 1) {
      await this.#host.sleep((worked * (1 - this.power)) / this.power, signal);
      this.#startedAt = this.#host.now();
    }
    return true;
  }

  #measure(steps: number): number {
    const now = this.#host.now();
    const worked = now - this.#startedAt;
    this.#startedAt = now;
    const each = worked / steps;
    this.#stepMilliseconds = this.#stepMilliseconds === 0 ? each : 0.7 * this.#stepMilliseconds + 0.3 * each;
    const fitting = Math.floor(burstMilliseconds / Math.max(this.#stepMilliseconds, 0.01));
    this.#burst = Math.max(1, Math.min(longestBurst, fitting));
    return worked;
  }
}
