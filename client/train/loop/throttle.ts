import { TapestryError } from '../../errors.ts';
import { QueueEstimate } from '../../gpu/queue-estimate.ts';
import type { Clock } from '../../runtime.ts';

/** Work between two waits for the GPU: enough that waiting costs little, but short enough to pause and stop soon. */
const burstMilliseconds = 100;
const longestBurst = 64;

/** The least share of the time to work: with less, a round would take longer than any deadline. */
const minPower = 0.1;

/** Checks a power setting from outside. Throws TapestryError `usage.power` unless it is from 0.1 to 1. */
export function checkedPower(power: number): number {
  if (power >= minPower && power <= 1) return power;
  throw new TapestryError(
    'usage.power',
    `${power} is no power setting.`,
    `Give a number from ${minPower} (a tenth of the time) to 1 (all of it).`,
  );
}

/** The part of a device that a throttle needs. */
interface Throttled {
  readonly device: { readonly queue: Pick<GPUQueue, 'onSubmittedWorkDone'> };
  readonly software: boolean;
}

/**
 * Limits the work that is queued on the GPU, and leaves the GPU free for a chosen share of the time. Steps are queued in bursts.
 * While one burst runs, the next is recorded, so that at full power the GPU never idles. Measured step times set the length of
 * a burst.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #device: Throttled;
  readonly #estimate: QueueEstimate;
  /** Share of the time to work, from 0.1 to 1. */
  power: number;
  #burst = 1;
  #given = 0;
  #stepMilliseconds = 0;
  #startedAt = 0;
  #inFlight: { readonly done: Promise<unknown>; readonly steps: number } | null = null;

  constructor(clock: Clock, device: Throttled, power: number) {
    this.#clock = clock;
    this.#device = device;
    this.#estimate = new QueueEstimate(() => clock.now());
    this.power = power;
  }

  /** Call before a series of steps, so that time spent elsewhere does not count as step time. */
  start(): void {
    this.#given = 0;
    this.#inFlight = null;
    this.#startedAt = this.#clock.now();
    this.#estimate.forget();
  }

  /** Call after each step; resolves when the next one may be queued, to true if it waited for queued steps. */
  async stepGiven(signal: AbortSignal): Promise<boolean> {
    this.#estimate.submitted(1);
    if (++this.#given < this.#burst) return false;
    const steps = this.#given;
    this.#given = 0;
    const { queue } = this.#device.device;
    if (this.power >= 1 && !this.#device.software) {
      const before = this.#inFlight;
      this.#inFlight = { done: queue.onSubmittedWorkDone(), steps };
      // The first burst: there is no earlier burst to wait for or to measure.
      if (before === null) return false;
      await before.done;
      this.#measure(before.steps);
      return true;
    }
    // While a promise is awaited, Dawn polls and takes a core from a software adapter: sleep first.
    if (this.#device.software) await this.#clock.sleep(this.#estimate.remaining(), signal);
    await queue.onSubmittedWorkDone();
    this.#estimate.drained();
    const worked = this.#measure(steps);
    if (this.power < 1) {
      await this.#clock.sleep((worked * (1 - this.power)) / this.power, signal);
      this.#startedAt = this.#clock.now();
    }
    return true;
  }

  #measure(steps: number): number {
    const now = this.#clock.now();
    const worked = now - this.#startedAt;
    this.#startedAt = now;
    const each = worked / steps;
    this.#stepMilliseconds = this.#stepMilliseconds === 0 ? each : 0.7 * this.#stepMilliseconds + 0.3 * each;
    const fitting = Math.floor(burstMilliseconds / Math.max(this.#stepMilliseconds, 0.01));
    this.#burst = Math.max(1, Math.min(longestBurst, fitting));
    return worked;
  }
}
