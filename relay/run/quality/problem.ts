import type { WholeManifest } from '../../wire/frames.ts';
import { toHex } from '../../wire/hex.ts';
import type { Measured } from '../../wire/tapestry_pb.js';

/** The most contributions of a round that are compared in pairs: a few seconds of work, between other tasks. */
const mostCompared = 4096;

/** Why a relay cannot measure contributions as a manifest has it; null if it can. */
export function qualityProblem({
  quality,
  guard,
  limits,
  contributionReaders: readers,
}: WholeManifest): string | null {
  if (quality.case === 'claimed') return null;
  const { speedFactor, workPart, copyLikeness, evaluations, scoreTolerance, scorePart } = quality.value;
  if (speedFactor < 1) return 'speed_factor must be at least 1';
  if (workPart < 0) return 'work_part must not be negative';
  if (copyLikeness <= 0) return 'copy_likeness must be above 0';
  if (scoreTolerance < 0 || scorePart < 0) return 'score_tolerance and score_part must not be negative';
  if (limits.target > mostCompared)
    return `copies are found by comparing each pair: target must be at most ${mostCompared}`;
  if (evaluations > 0 && guard.case === 'unguarded') return 'evaluations need a probe';
  return evaluatorsProblem(quality.value, readers);
}

/** Why evaluators cannot score as a manifest has it; null if they can. */
function evaluatorsProblem(
  { evaluators, evaluatorQuorum, evaluationMs, evaluations }: Measured,
  readers: WholeManifest['contributionReaders'],
): string | null {
  const keys = evaluators.map(toHex);
  if (keys.length === 0)
    return evaluatorQuorum + evaluationMs === 0
      ? null
      : 'evaluator_quorum and evaluation_ms must be 0 without evaluators';
  if (new Set(keys).size < keys.length) return 'an evaluator is named twice';
  if (evaluations === 0) return 'evaluators need evaluations';
  if (evaluatorQuorum < 1 || evaluatorQuorum > keys.length)
    return 'evaluator_quorum must be from 1 to the number of evaluators';
  if (evaluationMs < 1) return 'evaluation_ms must be at least 1';
  // Whoever scores a contribution has read it.
  if (readers.case === 'auditor' && keys.join() !== toHex(readers.value.publicKey))
    return 'its contributions are for its auditor alone, so only the auditor can be an evaluator';
  return null;
}
