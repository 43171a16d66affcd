import type { WholeManifest } from '../../wire/frames.ts';

/** The most contributions of a round that are compared in pairs: a few seconds of work, between other tasks. */
const mostCompared = 4096;

/** Why a relay cannot measure contributions as a manifest has it; null if it can. */
export function qualityProblem({ quality, guard, limits }: WholeManifest): string | null {
  if (quality.case === 'claimed') return null;
  const { speedFactor, workPart, copyLikeness, evaluations, scoreTolerance, scorePart } = quality.value;
  if (speedFactor < 1) return 'speed_factor must be at least 1';
  if (workPart < 0) return 'work_part must not be negative';
  if (copyLikeness <= 0) return 'copy_likeness must be above 0';
  if (scoreTolerance < 0 || scorePart < 0) return 'score_tolerance and score_part must not be negative';
  if (limits.target > mostCompared)
    return `copies are found by comparing each pair: target must be at most ${mostCompared}`;
  return evaluations > 0 && guard.case === 'unguarded' ? 'evaluations need a probe' : null;
}
