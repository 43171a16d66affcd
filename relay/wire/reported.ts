import type { WholeManifest } from './frames.ts';
import { type ContributionFacts, tokensOf } from './offer.ts';
import type { Heartbeat, Manifest } from './tapestry_pb.js';

/** How many times worse than a uniform guess, ln(vocabulary), a mean loss may be. An honest node's base never is. */
const lossFactor = 16;

/** The greatest mean loss that a node may report, in nats a token. */
export function maxReportedLoss(vocabularySize: number): number {
  return lossFactor * Math.log(vocabularySize);
}

/**
 * True for a loss that a node can have measured: finite, not negative and at most `maxReportedLoss`. It may still
 * be untrue: nobody but the node can measure it.
 */
export function isPlausibleLoss(loss: number, { model }: Pick<Manifest, 'model'>): boolean {
  return loss >= 0 && loss <= maxReportedLoss(model?.vocabularySize ?? 0);
}

/** True if both losses of a contribution are plausible. */
export function hasPlausibleLosses(
  { trainingLoss, heldOutLoss }: Pick<ContributionFacts, 'trainingLoss' | 'heldOutLoss'>,
  manifest: Pick<Manifest, 'model'>,
): boolean {
  return isPlausibleLoss(trainingLoss, manifest) && isPlausibleLoss(heldOutLoss, manifest);
}

/**
 * True for progress that a node of the run can have made: no more steps than a round has, exactly their tokens, a plausible loss
 * and a rate that is not negative. It may still be untrue.
 */
export function isPlausibleProgress(
  {
    steps,
    tokens,
    trainingLoss,
    tokensPerSecond,
  }: Pick<Heartbeat, 'steps' | 'tokens' | 'trainingLoss' | 'tokensPerSecond'>,
  manifest: Pick<WholeManifest, 'model' | 'strategy'>,
): boolean {
  const { strategy } = manifest;
  return (
    steps <= strategy.localSteps &&
    tokens === tokensOf(strategy, steps) &&
    isPlausibleLoss(trainingLoss, manifest) &&
    Number.isFinite(tokensPerSecond) &&
    tokensPerSecond >= 0
  );
}
