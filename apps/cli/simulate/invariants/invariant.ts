/** What must hold in every world; the names are stable. */
export type Invariant =
  | 'exactly-once'
  | 'bases-advance'
  | 'round-blocked'
  | 'round-limits'
  | 'round-moment'
  | 'same-base'
  | 'steps-lost'
  | 'node-idles'
  | 'part-first'
  | 'arrival-waits'
  | 'evaluation-once'
  | 'scores-decide'
  | 'weights-earned'
  | 'outer-step'
  | 'guard-decides'
  | 'upstream-once'
  | 'upstream-lost'
  | 'upstream-followed'
  | 'run-ends';

/** A world in which an invariant does not hold. */
export class InvariantError extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string) {
    super(message);
    this.name = 'InvariantError';
    this.invariant = invariant;
  }
}

/** Throws an InvariantError. */
export function broken(invariant: Invariant, message: string): never {
  throw new InvariantError(invariant, message);
}
