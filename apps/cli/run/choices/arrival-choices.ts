import type { NewRun } from '../../../../relay/run/run.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';
import { usualPeriod } from './outer-choices.ts';

/** What a round asks of its nodes. */
export const paceNames = ['timed', 'fixed', 'arrivals'] as const;
export type Pace = (typeof paceNames)[number];

/** An operator's choices for an asynchronous run. */
export interface ArrivalChoices {
  /** Nodes that are expected: the momentum changes once in so many bases, and each base takes so small a part of its delta. */
  readonly period?: number;
  /** Contributions that make a base. */
  readonly perBase?: number;
  /** How many rounds old the base may be that work began from. */
  readonly maxStaleness?: number;
}

export const usualPerBase = 1;

/** The most that a manifest may have. */
export const mostStaleness = 64;

/** A node that is eight times slower than the others, and not measured yet, comes so many arrivals late. */
const usualSlowdown = 8;

export function usualStaleness(period: number): number {
  return Math.min(mostStaleness, usualSlowdown * period);
}

/** Fewer steps do not pay for a node's download. */
const leastSteps = 5;

/** A device counts with one step a round, where a round of twice the fastest node's time has room for it. */
export const usualTimed = { leastSteps: 1, stretch: 200 };

/** The manifest's pace for rounds of at most so many local steps. */
export function paceOf(
  pace: Pace,
  localSteps: number,
  { period = usualPeriod, maxStaleness = usualStaleness(period) }: ArrivalChoices,
): NonNullable<NewRun['manifest']['pace']> {
  if (pace === 'fixed') return { case: 'fixedSteps', value: {} };
  if (pace === 'timed') return { case: 'timed', value: usualTimed };
  return { case: 'arrivals', value: { maxStaleness, leastSteps: Math.min(leastSteps, localSteps) } };
}

/** The choices that a manifest has, as flags name them; null where it has none. */
export function arrivalsIn({ pace, limits }: WholeManifest) {
  const isAsynchronous = pace.case === 'arrivals';
  return {
    pace: { fixedSteps: 'fixed', timed: 'timed', arrivals: 'arrivals' }[pace.case],
    perBase: isAsynchronous ? limits.target : 'none',
    maxStaleness: isAsynchronous ? pace.value.maxStaleness : 'none',
  };
}
