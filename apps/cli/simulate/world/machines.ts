import { advance } from '../../../../client/contribute/session/session.ts';
import { reduce, refusalOf } from '../../../../relay/run/round.ts';
import { Upstream } from '../../../../relay/run/upstream/upstream.ts';

/** The machines under test: the ones that relays and nodes run. A test wraps one to plant a bug. */
export interface Machines {
  readonly reduce: typeof reduce;
  readonly refusalOf: typeof refusalOf;
  readonly advance: typeof advance;
  readonly Upstream: typeof Upstream;
}

export const machines: Machines = { reduce, refusalOf, advance, Upstream };
