import type { Environment } from '../../relay/run/open-run.ts';
import type { NewRun } from '../../relay/run/run.ts';
import { tinyRun } from '../support/relay/run-support.ts';

export const parameters = 40;
export const quorum = 2;

/** What a simulated run is like, beside its faults. */
export interface FaultyTerms {
  readonly draft: NewRun;
  /** What the relay scores bases with. */
  readonly evaluate?: NonNullable<Environment['evaluate']>;
  /** The model of this folder knows its bases; those of other runs only the verifier derives again. */
  readonly isModelled: boolean;
}

const limits = { parameters, rounds: 3, quorum, target: 3 };

/** Rounds that wait for most nodes, whose contributions count as they claim. */
export const claimedTerms: FaultyTerms = {
  ...{ draft: tinyRun(limits), isModelled: true },
};

/** The relay scores two contributions of each round, keys have a reputation, and none has more than 60 per cent of a round. */
export const measuredTerms: FaultyTerms = {
  isModelled: false,
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
  evaluate: async (_, base) => base.reduce((sum, one) => sum + one * one, 0) / base.length,
};
