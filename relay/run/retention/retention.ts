import type { WholeManifest } from '../../wire/frames.ts';

/** How many of the newest states are kept as blobs beside the initial base. `verify` derives the others. */
export const keptStates = 3;

/** The state of every so many rounds is kept: from it bases can be derived again without the payloads before it. */
const anchorRounds = 8;

type Limits = Pick<WholeManifest['limits'], 'payloadRounds'>;

/** True if the state that `round` made is an anchor: kept for as long as the payloads of the round after it. */
export function isAnchor(round: number, limits: Limits): boolean {
  return round > 0 && round % stepOf(limits) === 0;
}

/**
 * The round up to which payloads are removed once `committed` rounds are; 0 if none are. It is an anchor, and at most
 * `committed - payload_rounds`, so at least the payloads of the newest `payload_rounds` rounds are there, and bases can be
 * derived again from its state on.
 */
export function removedThrough(committed: number, limits: Limits): number {
  const { payloadRounds } = limits;
  if (payloadRounds === 0) return 0;
  const step = stepOf(limits);
  return Math.max(0, Math.floor((committed - payloadRounds) / step) * step);
}

function stepOf({ payloadRounds }: Limits): number {
  return payloadRounds === 0 ? anchorRounds : Math.min(anchorRounds, payloadRounds);
}
