import type { Contribution } from '../../journal/contribution.ts';
import { type RecentProblem, recentProblems } from '../../journal/recent-rounds.ts';
import type { NodeKey } from '../../wire/hex.ts';
import { RefusalCode } from '../../wire/tapestry_pb.js';
import type { RoundLimits, RoundState } from '../round.ts';

/** What decides about an arrival. */
export type Arrival = Pick<Contribution, 'key' | 'round' | 'base' | 'payload'>;

/** What the journal says of recent work, and of the open attempt. */
interface Known {
  readonly recent: { problemOf(arrival: Arrival): RecentProblem | null };
  readonly open: { readonly contributions: Pick<ReadonlyMap<NodeKey, unknown>, 'has'> } | null;
}

/**
 * An asynchronous run keeps the rounds and their machine: a round closes at Limits.target contributions, one or a few, and takes work that
 * began from recent bases too. So the journal, the guard, the receipts and every verifier are the same as in rounds that wait. What arrives
 * while a round is full, closed or being committed is not too late, but waits for the next one: these functions decide between the three.
 */

/** Why an arrival is refused; null if it counts now or in a later round. */
export function refusalOfArrival(
  { phase, round, isHeld, isEnding }: RoundState,
  arrival: Arrival,
  { recent }: Pick<Known, 'recent'>,
  { rounds }: Pick<RoundLimits, 'rounds'>,
): RefusalCode | null {
  const opensNone = phase === 'waiting' && (isHeld || isEnding);
  if (phase === 'complete' || round > rounds || opensNone) return RefusalCode.TOO_LATE;
  const problem = recent.problemOf(arrival);
  if (problem === 'round' && arrival.round >= round) return RefusalCode.WRONG_ROUND;
  return problem === null ? null : recentProblems[problem].code;
}

/** Whether an arrival that is not refused counts in the open attempt, beside `taken` that are about to: else it waits. */
export function isTurnOf(
  { phase, contributions }: RoundState,
  arrival: Arrival,
  { open }: Pick<Known, 'open'>,
  { target }: Pick<RoundLimits, 'target'>,
  taken: readonly Arrival[],
): boolean {
  if (phase !== 'open' || contributions + taken.length >= target) return false;
  const isSame = ({ key, payload }: Arrival) => key === arrival.key || payload === arrival.payload;
  return !(open?.contributions.has(arrival.key) ?? false) && !taken.some(isSame);
}
