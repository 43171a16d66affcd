/** A learning rate that warms up linearly, then falls along a half cosine to `finalFraction` of its peak. */
export interface Schedule {
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly finalFraction: number;
}

/** The rate of step `step`, counted from 0 (warm-up and cosine decay as in Touvron et al. 2023, arXiv 2302.13971). */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { peak, warmupSteps, totalSteps, finalFraction } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const cosine = (1 + Math.cos(Math.PI * progress)) / 2;
  return peak * (finalFraction + (1 - finalFraction) * cosine);
}
