import type { Full } from './budget/places.ts';

/** A request's connection as the routes see it. */
export interface Bindings {
  /** Limits count requests by this address; see `addressGroup`. */
  readonly address: string;
  /** Makes the answer one of a kind that may take long, until its connection is closed; the limit that is reached, or null. */
  readonly take: (resource: 'event-streams' | 'downloads' | 'journals') => Full | null;
}
