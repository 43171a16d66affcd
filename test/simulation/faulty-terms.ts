import {
  delayedModel,
  nesterovModel,
  type OuterModel,
} from '../../apps/cli/simulate/invariants/outer-model.ts';
import type { Environment } from '../../relay/run/open-run.ts';
import type { NewRun } from '../../relay/run/run.ts';
import { tinyRun } from '../support/relay/run-support.ts';

export const parameters = 40;

/** What a simulated run is like, beside its faults. */
export interface FaultyTerms {
  readonly draft: NewRun;
  readonly quorum: number;
  /** How many rounds old work may be. */
  readonly staleness: number;
  readonly rounds: number;
  /** Where the upper layers begin, of which every second contribution is; null in a run that grants no part. */
  readonly upperFrom: number | null;
  /** What the relay scores bases with. */
  readonly evaluate?: NonNullable<Environment['evaluate']>;
  /** The outer step of the model of this folder; null for bases that only the verifier derives again. */
  readonly outer: OuterModel | null;
}

const limits = { parameters, rounds: 3, quorum: 2, target: 3 };
const waiting = { quorum: 2, staleness: 0, rounds: 3, upperFrom: null };
/** The step of tinyRun. */
export const usualModel = nesterovModel({ learningRate: 0.7, momentum: 0.9 });
const square: FaultyTerms['evaluate'] = async (_, base) =>
  base.reduce((sum, one) => sum + one * one, 0) / base.length;

/** Rounds that wait for most nodes, whose contributions count as they claim. */
export const claimedTerms: FaultyTerms = {
  ...{ draft: tinyRun(limits), ...waiting, outer: usualModel },
};

/** The relay scores two contributions of each round, keys have a reputation, and none has more than 60 per cent of a round. */
export const measuredTerms: FaultyTerms = {
  ...{ ...waiting, outer: null, evaluate: square },
  draft: tinyRun({
    ...{ ...limits, weightShare: 60 },
    probe: { tokens: new Uint8Array(8), maxIncrease: 100, rounds: 1 },
    quality: {
      case: 'measured',
      value: {
        ...{ speedFactor: 8, workPart: 0.5, copyLikeness: 0.9, evaluations: 2 },
        ...{ scoreTolerance: 0.001, scorePart: 0.25, evaluators: [], evaluatorQuorum: 0, evaluationMs: 0 },
      },
    },
  }),
};

/** The guard does not allow about one base in three: those whose first parameter is far from the first of the base before. */
const probe = { tokens: new Uint8Array(8), maxIncrease: 0.3, rounds: 2 };
export const guardedTerms: FaultyTerms = {
  ...{ draft: tinyRun({ ...limits, probe }), ...waiting, outer: usualModel },
  evaluate: async (_, base) => 2 + Math.sin(1000 * (base[0] ?? 0)),
};

const heloco = { tensors: [16, 24], aligned: 0.2, turn: 0.5 };
const delayed = { learningRate: 0.7, momentum: 0.9, period: 2 };

/** Arrivals with delayed Nesterov, whose deltas HeLoCo corrects: a round takes one or two, which may have begun two rounds before. */
export const helocoTerms: FaultyTerms = {
  ...{
    quorum: 1,
    staleness: 2,
    rounds: 8,
    upperFrom: null,
    outer: delayedModel({ ...delayed, correction: heloco }),
  },
  draft: tinyRun({
    ...{ parameters, rounds: 8, quorum: 1, target: 2, arrivals: { maxStaleness: 2, leastSteps: 1 } },
    outer: {
      case: 'delayedNesterov',
      value: { ...delayed, correction: { case: 'heloco', value: heloco } },
    },
  }),
};

/** Nodes that contribute the whole model or its upper layers, as it comes; in some rounds nobody contributes the whole. */
export const upperTerms: FaultyTerms = {
  ...{ ...waiting, rounds: 5, upperFrom: 24, outer: usualModel },
  draft: tinyRun({ ...limits, rounds: 5, upperFrom: 24 }),
};
