import type { ManifestDraft } from '../../../../relay/run/manifest.ts';

type Quality = Extract<NonNullable<ManifestDraft['quality']>, { case: 'measured' }>;
type Scoring =
  | 'evaluations'
  | 'scoreTolerance'
  | 'scorePart'
  | 'evaluators'
  | 'evaluatorQuorum'
  | 'evaluationMs';

/** Measured quality in which scores alone decide: every claim of tokens is believed, and no contribution is taken for a copy. */
export function scoredQuality(scoring: Required<Pick<Quality['value'], Scoring>>): Quality {
  return { case: 'measured', value: { speedFactor: 1000, workPart: 0, copyLikeness: 1, ...scoring } };
}

/** The mean square of a base, as a loss that is cheap to compute: its lowest is at zero. */
export function meanSquare(base: Float32Array): number {
  return base.reduce((sum, one) => sum + one * one, 0) / base.length;
}
