import type { RoundTimes } from '../../../../relay/run/pace/plan.ts';
import type { RoundLimits } from '../../../../relay/run/round.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import type { NodeNumber } from '../world/messages.ts';
import { type Counted, type VirtualBase, withPayload } from '../world/virtual-base.ts';
import { broken } from './invariant.ts';

/** The attempt that is open, counted from the journal and the connections alone. Times in milliseconds, on the relay's clock. */
export interface OpenRound {
  readonly round: number;
  readonly attempt: number;
  readonly deadlineAt: number;
  readonly expected: Set<NodeNumber>;
  readonly contributed: Map<NodeNumber, Hash>;
  /** The base that a commit must make. */
  next: VirtualBase;
  /** Payloads of the whole model. */
  readonly whole: Hash[];
  /** Connected nodes that have not contributed. */
  awaited: number;
  /** Expected nodes that have contributed, and those that have not and are still there. */
  heard: number;
  unheard: number;
  isClosed: boolean;
  /** When the relay last decided to close the round, it was due. What happens while the disk writes does not undo it. */
  mayClose: boolean;
  /** Nodes that are not expected, for which a place was free when the relay last decided whom to accept. */
  admitted: ReadonlySet<NodeNumber>;
  graceFrom: number | null;
  /** When the nodes of a timed round stop training; null without a plan. */
  workEndsAt: number | null;
  graceMs: number;
  returnsUntil: number;
}

/** What counts in a round in which all contributions count alike. */
export function countedIn({ contributed }: OpenRound): Counted {
  return [...contributed.values()].map((payload) => ({ payload, tokens: 1 }));
}

/** A contribution is accepted. Below the upper layers nothing counts before a quorum has values there. */
export function addTo(
  open: OpenRound,
  payload: Hash,
  part: PartName,
  { quorum }: Pick<RoundLimits, 'quorum'>,
): void {
  open.next = withPayload(open.next, payload, 1, ['upper']);
  if (part === 'upper') return;
  open.whole.push(payload);
  if (open.whole.length < quorum) return;
  const counting = open.whole.length === quorum ? open.whole : [payload];
  for (const one of counting) open.next = withPayload(open.next, one, 1, ['lower']);
}

/** An attempt may be abandoned for too few contributions at its deadline. Throws InvariantError. */
export function checkAbandoned(
  { contributed, deadlineAt }: OpenRound,
  { quorum }: RoundLimits,
  now: number,
): void {
  if (contributed.size >= quorum) broken('round-limits', 'a round with a quorum is abandoned');
  if (now < deadlineAt) broken('round-limits', 'a round is abandoned before its deadline');
}

/** The relay tells a node of so many local steps. Throws InvariantError. */
export function checkTold(steps: number, least: number, most: number): void {
  if (steps < least || steps > most) broken('round-limits', `a node is told ${steps} steps`);
}

/** A node that lost the relay comes back in this time, in milliseconds. */
const returnMs = 10_000;

/** An attempt that opens for the nodes that take part; `next` is the base to which its contributions are added. */
export function openRound(
  { round, attempt }: { readonly round: number; readonly attempt: number },
  next: VirtualBase,
  taking: readonly NodeNumber[],
  { deadlineMs, graceMs }: RoundLimits,
  now: number,
): OpenRound {
  return {
    ...{ round, attempt, next, deadlineAt: now + deadlineMs },
    ...{ expected: new Set(taking), contributed: new Map(), whole: [] },
    ...{ awaited: taking.length, heard: 0, unheard: taking.length },
    ...{ workEndsAt: null, graceMs },
    ...{ isClosed: false, mayClose: false, admitted: new Set() },
    ...{ graceFrom: null, returnsUntil: Number.NEGATIVE_INFINITY },
  };
}

/** The attempt that was open when the relay stopped, in the process after it. */
export function comeBack(open: OpenRound, limits: RoundLimits, now: number): OpenRound {
  const { contributed } = open;
  const hasGrace = contributed.size >= limits.quorum && limits.hasArrivals !== true;
  return {
    ...open,
    deadlineAt: now + limits.deadlineMs,
    expected: new Set(contributed.keys()),
    ...{ awaited: 0, heard: contributed.size, unheard: 0 },
    graceFrom: hasGrace ? now : null,
    ...{ workEndsAt: null, graceMs: limits.graceMs },
    ...{ mayClose: false, admitted: new Set() },
    returnsUntil: now + returnMs,
  };
}

/** Why a timed round is due to end. */
export const momentIsOver = 'the moment of its plan and the grace are over';

/** Notes when the grace begins: at the moment of the plan, or in a round without one after enough contributions. */
export function beginGrace(open: OpenRound, limits: RoundLimits, now: number): void {
  if (open.graceFrom !== null || limits.hasArrivals === true) return;
  const { workEndsAt } = open;
  if (workEndsAt === null ? hasShare(open, limits) : now >= workEndsAt) open.graceFrom = workEndsAt ?? now;
}

/** The relay planned the round. Once its grace has begun, nodes hear of no other plan. */
export function planRound(
  open: OpenRound,
  { workMs, graceMs }: RoundTimes,
  limits: RoundLimits,
  now: number,
): void {
  beginGrace(open, limits, now);
  if (open.graceFrom !== null) return;
  open.workEndsAt = open.deadlineAt - limits.deadlineMs + workMs;
  open.graceMs = graceMs;
}

/** Counts a node that contributed. */
export function hear(
  open: OpenRound,
  { isExpected, takesPart }: { readonly isExpected: boolean; readonly takesPart: boolean },
): void {
  if (takesPart) open.awaited--;
  if (!isExpected) return;
  open.heard++;
  if (takesPart) open.unheard--;
}

/** Whether the nodes had their time: none of them is awaited, no place is left, or grace or deadline are over. */
export function mayClose(open: OpenRound, { target }: RoundLimits, now: number): boolean {
  return (
    open.contributed.size >= target || open.awaited === 0 || isGraceOver(open, now) || now >= open.deadlineAt
  );
}

/** Why the open round is due to end; null while it is not. */
export function whyEnds(open: OpenRound, { quorum, target }: RoundLimits, now: number): string | null {
  if (open.isClosed) return 'the round is closed';
  if (now >= open.deadlineAt) return 'the deadline is over';
  if (open.contributed.size < quorum) return null;
  if (open.contributed.size >= target) return 'the target is reached';
  if (open.awaited === 0 && now >= open.returnsUntil) return 'all nodes that are there have contributed';
  if (!isGraceOver(open, now)) return null;
  return open.workEndsAt === null ? 'the grace is over' : momentIsOver;
}

function isGraceOver({ graceFrom, graceMs }: OpenRound, now: number): boolean {
  return graceFrom !== null && now >= graceFrom + graceMs;
}

/** More than the share of the nodes that were there at the opening have contributed. */
function hasShare({ contributed, heard, unheard }: OpenRound, { quorum, graceShare }: RoundLimits): boolean {
  const expected = heard + unheard;
  return contributed.size >= quorum && (expected === 0 || heard * 100 > expected * graceShare);
}
