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

/** The quality rules of a new run, as its manifest has them. */
export function qualityOf(name: QualityName, evaluations: number): QualityDraft {
  if (name === 'claimed') return { case: name, value: {} };
  const scoring = { evaluations, scoreTolerance, scorePart };
  return { case: name, value: { speedFactor, workPart, copyLikeness, ...scoring } };
}
