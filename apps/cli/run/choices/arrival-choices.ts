import type { StrategyDraft } from '../../../../relay/run/manifest.ts';
import { usualHeLoCo } from '../../../../relay/run/outer/heloco.ts';
import type { NesterovSettings } from '../../../../relay/run/outer/nesterov.ts';
import type { NewRun } from '../../../../relay/run/run.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';

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

/** Workers of the paper (arXiv 2401.09135) that delayed Nesterov is from. */
export const usualPeriod = 4;
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

/** The manifest's delayed Nesterov; `tensors` are the sizes of the model's tensors, for a correction by HeLoCo. */
export function delayedOuter(
  nesterov: NesterovSettings,
  { period = usualPeriod }: ArrivalChoices,
  tensors: readonly number[] | null,
): NonNullable<StrategyDraft['outer']> {
  const settings = { ...nesterov, period };
  const correction =
    tensors === null
      ? { case: 'uncorrected' as const, value: {} }
      : { case: 'heloco' as const, value: { tensors: [...tensors], ...usualHeLoCo } };
  return { case: 'delayedNesterov', value: { ...settings, correction } };
}

/** The choices that a manifest has, as flags name them; null where it has none. */
export function arrivalsIn({ strategy: { outer }, pace, limits }: WholeManifest) {
  const isAsynchronous = pace.case === 'arrivals';
  const isDelayed = outer.case === 'delayedNesterov';
  return {
    pace: { fixedSteps: 'fixed', timed: 'timed', arrivals: 'arrivals' }[pace.case],
    outer: isDelayed ? 'delayed' : outer.case,
    period: isDelayed ? outer.value.period : 'none',
    perBase: isAsynchronous ? limits.target : 'none',
    maxStaleness: isAsynchronous ? pace.value.maxStaleness : 'none',
    isCorrected: isDelayed && outer.value.correction.case === 'heloco',
  };
}
