import { advance } from '../../../../client/contribute/session/session.ts';
import { RecentRounds } from '../../../../relay/journal/recent-rounds.ts';
import { isTurnOf, refusalOfArrival } from '../../../../relay/run/arrivals/arrivals.ts';
import { Guard } from '../../../../relay/run/guard/guard.ts';
import { LowestLoss } from '../../../../relay/run/guard/lowest-loss.ts';
import { cappedTokens } from '../../../../relay/run/influence/cap.ts';
import { outerOptimizerOf } from '../../../../relay/run/outer/outer-of.ts';
import { Speeds } from '../../../../relay/run/pace/speeds.ts';
import { Evaluators } from '../../../../relay/run/quality/evaluators/evaluators.ts';
import { RoundStandings } from '../../../../relay/run/quality/round-standings.ts';
import { weigh } from '../../../../relay/run/quality/weigh.ts';
import { roundRanges } from '../../../../relay/run/ranges/ranges.ts';
import { reduce, refusalOf } from '../../../../relay/run/round.ts';
import { Upstream } from '../../../../relay/run/upstream/upstream.ts';

/** The machines under test: the ones that relays and nodes run. A test wraps one to plant a bug. */
export interface Machines {
  readonly reduce: typeof reduce;
  readonly refusalOf: typeof refusalOf;
  readonly advance: typeof advance;
  readonly Upstream: typeof Upstream;
  /** What counts once, and how old it may be. */
  readonly RecentRounds: typeof RecentRounds;
  /** Arrivals: which count, which wait, and how many steps each node is told. */
  readonly refusalOfArrival: typeof refusalOfArrival;
  readonly isTurnOf: typeof isTurnOf;
  readonly Speeds: typeof Speeds;
  /** Measured quality: who is waited for, scores and reputations, weights, and the greatest influence. */
  readonly evaluatorsOf: typeof Evaluators.of;
  readonly RoundStandings: typeof RoundStandings;
  readonly weigh: typeof weigh;
  readonly cappedTokens: typeof cappedTokens;
  /** The outer step, and the guard: whose base is published. */
  readonly outerOptimizerOf: typeof outerOptimizerOf;
  readonly Guard: typeof Guard;
  readonly LowestLoss: typeof LowestLoss;
  /** Where the values of a contribution count. */
  readonly roundRanges: typeof roundRanges;
}

export const machines: Machines = {
  ...{ reduce, refusalOf, advance, Upstream },
  ...{ RecentRounds, refusalOfArrival, isTurnOf, Speeds },
  ...{ evaluatorsOf: Evaluators.of, RoundStandings, weigh, cappedTokens },
  ...{ outerOptimizerOf, Guard, LowestLoss, roundRanges },
};
