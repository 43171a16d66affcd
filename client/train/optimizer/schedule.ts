interface Warmup {
  readonly peak: number;
  /** Steps over which the rate rises linearly to `peak`. */
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** The rate at the end, as a fraction of `peak`. */
  readonly finalFraction: number;
}

/** After warm-up, the rate falls along a half cosine (Touvron et al. 2023, arXiv 2302.13971). */
export interface CosineSchedule extends Warmup {
  readonly kind: 'cosine';
}

/**
 * After warm-up the rate is constant; in the last `decaySteps` it falls by 1 - sqrt(progress) (Hu et al. 2024, arXiv
 * 2404.06395; the form of the decay is from Hägele et al. 2024, arXiv 2405.18392). A run may be extended from any step at the
 * constant rate.
 */
export interface WarmupStableDecaySchedule extends Warmup {
  readonly kind: 'warmup-stable-decay';
  readonly decaySteps: number;
}

export type Schedule = CosineSchedule | WarmupStableDecaySchedule;

/** The learning rate of step `step`, counted from 0. */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { peak, warmupSteps, finalFraction } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  return peak * (finalFraction + (1 - finalFraction) * heightAt(step, schedule));
}

/** The decay's factor: 1 after warm-up, 0 at the end. */
function heightAt(step: number, schedule: Schedule): number {
  const { kind, warmupSteps, totalSteps } = schedule;
  const fallsFrom = kind === 'cosine' ? warmupSteps : Math.max(warmupSteps, totalSteps - schedule.decaySteps);
  const progress = Math.min(1, Math.max(0, step - fallsFrom) / Math.max(1, totalSteps - fallsFrom));
  switch (kind) {
    case 'cosine':
      return (1 + Math.cos(Math.PI * progress)) / 2;
    case 'warmup-stable-decay':
      return 1 - Math.sqrt(progress);
    default:
      return kind satisfies never;
  }
}
