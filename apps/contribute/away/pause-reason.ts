import { nextSpan, type WeeklyTimes } from './weekly-times.ts';

/** What may pause a node, in the order in which the page names it where several do. */
export type PauseReason =
  | { readonly kind: 'person' | 'battery' }
  /** The device or this page is in use; which of them the browser can tell. */
  | { readonly kind: 'in-use'; readonly where: 'device' | 'page' }
  /** Times in milliseconds since 1970. */
  | { readonly kind: 'timed' | 'weekly'; readonly until: number };
export type PauseKind = PauseReason['kind'];

/** What the person chose for the time away. */
export interface AwayChoice {
  readonly pauseOnBattery: boolean;
  readonly onlyIdle: boolean;
  readonly weekly: WeeklyTimes;
}

/** Everything on which a pause depends. */
export interface Conditions {
  readonly choice: AwayChoice;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly byPerson: boolean;
  /** The end of a timed pause; null without one. */
  readonly pausedUntil: number | null;
  /** Null where the browser does not tell. */
  readonly onBattery: boolean | null;
  readonly inUse: 'device' | 'page' | null;
  /** Reasons against which the person resumed. Each counts again once it has ended. */
  readonly overruled: readonly PauseKind[];
}

/** Every reason to pause, whether or not the person resumed against it. */
export function reasonsOf(conditions: Conditions): PauseReason[] {
  const { choice, now, byPerson, pausedUntil, onBattery, inUse } = conditions;
  const next = nextSpan(choice.weekly, now);
  const reasons: (PauseReason | false)[] = [
    pausedUntil !== null && pausedUntil > now && { kind: 'timed', until: pausedUntil },
    byPerson && { kind: 'person' },
    next !== null && { kind: 'weekly', until: next },
    choice.pauseOnBattery && onBattery === true && { kind: 'battery' },
    choice.onlyIdle && inUse !== null && { kind: 'in-use', where: inUse },
  ];
  return reasons.filter((reason) => reason !== false);
}

/** The reason that the page names; null where the node trains. */
export function pauseReason(conditions: Conditions): PauseReason | null {
  return reasonsOf(conditions).find(({ kind }) => !conditions.overruled.includes(kind)) ?? null;
}
