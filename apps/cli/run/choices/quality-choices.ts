import type { NewRun } from '../../../../relay/run/run.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';

type QualityDraft = NonNullable<NewRun['manifest']['quality']>;

/** What decides a contribution's weight beside the tokens that it claims: what was measured of it, or nothing. */
export const qualityNames = [
  'measured',
  'claimed',
] as const satisfies readonly WholeManifest['quality']['case'][];
export type QualityName = (typeof qualityNames)[number];

/** The first round of a node has its download and its compilation in it, and the second has not. */
const speedFactor = 8;

/** docs/measured.md: honest deltas differ by less, and those of a sixth of the work by more. */
const workPart = 0.5;

/** docs/measured.md: two nodes with the same text stay below 0.8. */
const copyLikeness = 0.9;

/** Scores of honest contributions scatter around zero late in a run, in nats a token. */
const scoreTolerance = 0.01;
const scorePart = 0.25;

/** With evaluators, so many contributions of a round are scored where nobody says how many. */
const usualEvaluations = 16;

/** Who scores contributions beside the relay. */
export interface EvaluatorChoices {
  /** Ed25519 public keys. */
  readonly keys: readonly Uint8Array[];
  /** More than half of them unless given. */
  readonly quorum?: number;
  /** How long the relay waits for them, in milliseconds. */
  readonly waitMs?: number;
}

/** The time for a download of a round's contributions and so many passes over a probe. */
const usualWaitMs = 60_000;

/** The quality rules of a new run, as its manifest has them. `evaluations`: contributions of a round that are scored. */
export function qualityOf(
  name: QualityName,
  evaluations: number | undefined,
  evaluators: EvaluatorChoices = { keys: [] },
): QualityDraft {
  if (name === 'claimed') return { case: name, value: {} };
  const { keys, quorum = Math.floor(keys.length / 2) + 1, waitMs = usualWaitMs } = evaluators;
  const isScored = keys.length > 0;
  const scoring = {
    evaluations: evaluations ?? (isScored ? usualEvaluations : 0),
    scoreTolerance,
    scorePart,
  };
  const granted = {
    evaluators: [...keys],
    evaluatorQuorum: isScored ? quorum : 0,
    evaluationMs: isScored ? waitMs : 0,
  };
  return { case: name, value: { speedFactor, workPart, copyLikeness, ...scoring, ...granted } };
}
