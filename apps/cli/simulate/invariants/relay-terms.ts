import type { BaseInvariants } from './base-invariants.ts';
import type { QualityInvariants } from './quality-invariants.ts';

/** What else holds in a world. */
export interface RelayTerms {
  /** How many rounds old work may be: more than 0 in a run with arrivals. */
  readonly staleness?: number;
  /** See `RelayInvariants.isHeard`. */
  readonly isHeard?: boolean;
  /** No round may open before a base of the upstream run is adopted. */
  readonly isAwaited?: () => boolean;
  /** For a run that measures contributions. */
  readonly quality?: QualityInvariants | undefined;
  /** For a run with an outer step, or a guard. */
  readonly bases?: BaseInvariants | undefined;
}
