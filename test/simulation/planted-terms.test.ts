import { test } from 'vitest';
import { machines } from '../../apps/cli/simulate/world/machines.ts';
import type { Draft } from '../../relay/journal/entry.ts';
import { type AcceptedFacts, type RecentProblem, RecentRounds } from '../../relay/journal/recent-rounds.ts';
import { Guard, type Judgement } from '../../relay/run/guard/guard.ts';
import { LowestLoss } from '../../relay/run/guard/lowest-loss.ts';
import type { State } from '../../relay/run/outer/outer-optimizer.ts';
import { Speeds } from '../../relay/run/pace/speeds.ts';
import { bodyOf, type EvaluationBody } from '../../relay/run/quality/evaluators/evaluation.ts';
import type { Evaluators } from '../../relay/run/quality/evaluators/evaluators.ts';
import { RoundStandings } from '../../relay/run/quality/round-standings.ts';
import type { WholeStrategy } from '../../relay/wire/frames.ts';
import { RefusalCode } from '../../relay/wire/tapestry_pb.js';
import { findPlanted, type Planted } from './find-planted.ts';

/**
 * Bugs in the machines of a run's terms: outer steps, the guard, arrivals, evaluators, scores and reputations, weights and influence, upper layers. Each is found within the
 * seeds that the tests run, as those of planted.test.ts are.
 */

const { advance, evaluatorsOf, isTurnOf, outerOptimizerOf, refusalOfArrival, roundRanges, weigh } = machines;

/** Forgets where work counts. */
class Forgetful<Facts, One extends AcceptedFacts> extends RecentRounds<Facts, One> {
  override begunFrom(): undefined {
    return undefined;
  }

  override problemOf(work: Parameters<RecentRounds<Facts, One>['problemOf']>[0]): RecentProblem | null {
    const problem = super.problemOf(work);
    return problem === 'key' ? null : problem;
  }
}

/** Takes work that is two rounds older than the manifest allows. */
class Patient<Facts, One extends AcceptedFacts> extends RecentRounds<Facts, One> {
  constructor(staleness: number) {
    super(staleness === 0 ? 0 : staleness + 2);
  }
}

/** Tells each node twice its steps. */
class Doubled extends Speeds {
  override stepsOf(key: string): number {
    return 2 * super.stepsOf(key);
  }
}

/** Remembers no commit. */
class Lenient extends RoundStandings {
  override committed(): void {}
}

/** Does not read the evaluations. */
class Stubborn extends RoundStandings {
  override evaluated(): null {
    return null;
  }
}

/** Lets every base pass. */
class Blind extends Guard {
  override async judge(...judged: Parameters<Guard['judge']>): Promise<Judgement> {
    return { ...(await super.judge(...judged)), isAllowed: true };
  }
}

/** Remembers only the newest loss. */
class Shortsighted extends LowestLoss {
  constructor() {
    super(1);
  }
}

/** Lets work count again whose base the guard did not allow. */
class Forgiving<Facts, One extends AcceptedFacts> extends RecentRounds<Facts, One> {
  override abandoned(): void {
    super.abandoned(false);
  }
}

type DelayedOuter = Extract<WholeStrategy['outer'], { readonly case: 'delayedNesterov' }>;

/** The outer step with another delayed Nesterov. */
function delayed(change: (value: DelayedOuter['value']) => DelayedOuter['value']) {
  return {
    outerOptimizerOf: ({ outer, rounds }: Pick<WholeStrategy, 'outer' | 'rounds'>) => {
      const isDelayed = outer.case === 'delayedNesterov';
      const other = isDelayed ? { ...outer, value: change(outer.value) } : outer;
      return outerOptimizerOf({ outer: other, rounds });
    },
  };
}

type Change = (
  evaluators: Evaluators,
) => Partial<Record<'isAwaited' | 'take' | 'drafts', PropertyDescriptor>>;

/** The machine of evaluators with other members. */
function changed(change: Change): Pick<typeof machines, 'evaluatorsOf'> {
  return {
    evaluatorsOf: (...terms) => {
      const evaluators = evaluatorsOf(...terms);
      return evaluators && Object.defineProperties(evaluators, change(evaluators));
    },
  };
}

/** The last evaluation of each evaluator is journaled, and not its first. */
const lastOnes: Change = (evaluators) => {
  const [take, drafts] = [evaluators.take.bind(evaluators), evaluators.drafts.bind(evaluators)];
  const last = new Map<string, EvaluationBody>();
  const taking: Evaluators['take'] = async (evaluation) => {
    const taken = await take(evaluation);
    const body = bodyOf(evaluation);
    if (taken === 'taken') last.set(body.key, body);
    return taken;
  };
  const drafting = () =>
    drafts().map((draft): Draft => {
      const body = draft.kind === 'evaluation-accepted' ? last.get(draft.body.key) : undefined;
      return body === undefined ? draft : { kind: 'evaluation-accepted', body };
    });
  return { take: { value: taking }, drafts: { value: drafting } };
};

const planted: readonly Planted[] = [
  [
    'the momentum is forgotten after each round',
    // A base that the guard did not allow is only in the journal by its loss.
    ['outer-step', 'guard-decides'],
    {
      outerOptimizerOf: (strategy) => {
        const { vectors, step } = outerOptimizerOf(strategy);
        const forgotten = (state: State) => state.map((one, i) => (i === 1 ? one.map(() => 0) : one));
        return { vectors, step: (state, delta, round) => step(forgotten(state), delta, round) };
      },
    },
  ],
  [
    'delayed Nesterov changes its momentum in each round',
    ['outer-step', 'guard-decides'],
    delayed((value) => ({ ...value, period: 1 })),
  ],
  [
    'HeLoCo corrects nothing',
    ['outer-step', 'guard-decides'],
    delayed((value) => ({ ...value, correction: { case: undefined } })),
  ],
  ['the guard allows every base', ['guard-decides'], { Guard: Blind }],
  ['the guard compares with the newest base alone', ['guard-decides'], { LowestLoss: Shortsighted }],
  ['work whose base the guard did not allow counts again', ['guard-decides'], { RecentRounds: Forgiving }],
  ['work counts again in a later round', ['exactly-once'], { RecentRounds: Forgetful }],
  ['work that is too old counts', ['exactly-once'], { RecentRounds: Patient }],
  [
    'an arrival that no round takes any more is refused as if the relay had it',
    ['exactly-once', 'steps-lost'],
    {
      refusalOfArrival: (...arrival) => {
        const code = refusalOfArrival(...arrival);
        return code === RefusalCode.STALE_BASE ? RefusalCode.DUPLICATE : code;
      },
    },
  ],
  [
    'an arrival comes too late for a round that is closed',
    ['steps-lost'],
    {
      refusalOfArrival: (state, ...arrival) =>
        state.phase === 'closed' ? RefusalCode.TOO_LATE : refusalOfArrival(state, ...arrival),
    },
  ],
  [
    'a round takes no second arrival',
    ['arrival-waits'],
    { isTurnOf: (state, ...arrival) => state.contributions === 0 && isTurnOf(state, ...arrival) },
  ],
  [
    'a round takes one arrival too many',
    ['steps-lost'],
    {
      isTurnOf: (state, arrival, known, { target }, taken) =>
        isTurnOf(state, arrival, known, { target: target + 1 }, taken),
    },
  ],
  ['a node is told more steps than a round has', ['round-limits'], { Speeds: Doubled }],
  [
    'a session takes an arrival for settled before the round in which it counts',
    ['steps-lost'],
    {
      advance: (session, event) => {
        if (event.kind !== 'acknowledged' || event.counts === undefined) return advance(session, event);
        const { kind, payload, sequence } = event;
        return advance(session, { kind, payload, sequence });
      },
    },
  ],
  [
    'a session goes on with work that is too old',
    ['same-base'],
    {
      advance: (session, event) => {
        if (event.kind !== 'welcomed' || (event.staleness ?? 0) === 0) return advance(session, event);
        return advance(session, { ...event, staleness: (event.staleness ?? 0) + 3 });
      },
    },
  ],
  [
    'a commit waits for evaluators that are gone',
    ['round-blocked'],
    changed(() => ({ isAwaited: { get: () => true } })),
  ],
  [
    'a commit waits for no evaluator',
    ['evaluation-once'],
    changed(() => ({ isAwaited: { get: () => false } })),
  ],
  ['an evaluator may change its mind', ['evaluation-once'], changed(lastOnes)],
  ['evaluations are lost', ['evaluation-once'], changed(() => ({ drafts: { value: () => [] } }))],
  ['the evaluators do not decide', ['scores-decide'], { RoundStandings: Stubborn }],
  ['reputations are forgotten', ['weights-earned'], { RoundStandings: Lenient }],
  [
    'a copy counts',
    ['weights-earned'],
    { weigh: (contributions, settings) => weigh(contributions, { ...settings, copyLikeness: 1 }) },
  ],
  [
    'what makes the base worse counts',
    ['weights-earned'],
    { weigh: (contributions, settings) => weigh(contributions, { ...settings, scoreTolerance: 100 }) },
  ],
  [
    'what shows few steps counts as it claims',
    ['weights-earned'],
    { weigh: (contributions, settings) => weigh(contributions, { ...settings, workPart: 0 }) },
  ],
  [
    'any number of unknown nodes count',
    ['weights-earned'],
    { weigh: (contributions, settings) => weigh(contributions, { ...settings, evaluations: 0 }) },
  ],
  [
    'the values below the upper layers are made of their contributions too',
    ['exactly-once'],
    { roundRanges: (...terms) => roundRanges(...terms).map((range) => ({ ...range, has: () => true })) },
  ],
  [
    'a contribution of the upper layers counts nowhere',
    ['exactly-once'],
    {
      roundRanges: (...terms) =>
        roundRanges(...terms).map((range) => ({ ...range, has: (part) => part === 'whole' })),
    },
  ],
  [
    'the values below the upper layers move with fewer contributions than the quorum',
    ['exactly-once'],
    { roundRanges: (fragments, fragment, parts) => roundRanges(fragments, fragment, parts, 1) },
  ],
  [
    'a node that is too slow does not hear of the upper layers',
    ['part-first'],
    { advance: (session, event) => (event.kind === 'granted' ? [session, []] : advance(session, event)) },
  ],
  [
    'one node has more influence than the manifest allows',
    ['exactly-once'],
    { cappedTokens: (tokens) => [...tokens] },
  ],
];

test.each(planted)('the virtual worlds find a bug in a machine of the terms: %s', (_, expected, under) =>
  findPlanted(expected, under),
);
