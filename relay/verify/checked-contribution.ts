import type { Accepted } from '../journal/event-log.ts';

/** A contribution, the round in which it counts, and the greatest norm of a delta from the base that it began from. */
export interface CheckedContribution {
  readonly entry: Accepted;
  readonly round: number;
  readonly normBound: number;
}
