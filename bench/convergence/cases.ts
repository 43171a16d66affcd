import type { DownlinkName } from '../../apps/cli/run/choices/downlink-choices.ts';
import {
  type OptimizerName,
  type StrategyName,
  strategies,
  strategyNames,
} from '../../apps/cli/run/choices/strategies.ts';
import type { TextName } from './texts.ts';

/** How deltas are encoded: dense with so many bits a value, in 2 bits of levels that follow from the values, or sparse. */
export const codecNames = ['dense32', 'dense8', 'dense4', 'dense2', 'statistical', 'sparse'] as const;
export type CodecName = (typeof codecNames)[number];

/** The relay's step: with momentum, plain with an annealed rate, or plain with the rate that it begins with. */
export const outerNames = ['nesterov', 'annealed', 'constant'] as const;
export type OuterName = (typeof outerNames)[number];

/** Strategies of rounds. Those of arrivals are compared by themselves: see `PacedCase`. */
export const strategiesInRounds = strategyNames.filter((name) => strategies[name].pace === undefined);

/** One run of several nodes on equal parts of a batch. */
export interface Case {
  readonly strategy: StrategyName;
  readonly codec: CodecName;
  readonly outer: OuterName;
  /** Of the outer step; null for that of the strategy. */
  readonly momentum: number | null;
  /** Of the outer step, where it begins; that of the strategy unless given. */
  readonly rate?: number;
  readonly nodes: number;
  /** Local steps between two synchronizations of a parameter. */
  readonly steps: number;
  /** Per cent of the contributions that are lost. */
  readonly dropped: number;
  /** How bases reach the nodes; whole unless given. */
  readonly downlink?: DownlinkName;
  /** tinyshakespeare unless given. */
  readonly text?: TextName;
  readonly seed: number;
}

/** One node that trains on the whole batch of each step, of tinyshakespeare or of the mixed families. */
export interface AloneCase {
  readonly alone: OptimizerName;
  readonly text?: 'mixed';
  readonly seed: number;
}

/**
 * How nodes of different speeds work together: in rounds of fixed steps or of a fixed time, or each with arrivals of its own: see
 * arrivals.ts.
 */
export const pacingNames = ['fixed', 'timed', 'naive', 'delayed', 'heloco'] as const;
export type PacingName = (typeof pacingNames)[number];

/** One run of four nodes, each twice as fast as the one before. */
export interface PacedCase {
  readonly pacing: PacingName;
  /** Local steps of the fastest node. */
  readonly steps: number;
  readonly seed: number;
}

export interface Matrix {
  readonly strategies: readonly StrategyName[];
  /** With `suited`, that of the strategy. */
  readonly codecs: readonly (CodecName | 'suited')[];
  /** With `suited`, nesterov for dense codecs and annealed for the sparse one. */
  readonly outers: readonly (OuterName | 'suited')[];
  readonly momenta: readonly (number | 'suited')[];
  readonly rates: readonly (number | 'suited')[];
  readonly nodes: readonly number[];
  readonly steps: readonly number[];
  readonly dropped: readonly number[];
  readonly downlinks: readonly DownlinkName[];
  readonly texts: readonly TextName[];
  readonly pacings: readonly PacingName[];
}

/** All runs of several matrices, each once, and those of a seed together. */
export interface Runs {
  readonly alone: readonly AloneCase[];
  readonly together: readonly Case[];
  readonly paced: readonly PacedCase[];
}

/** Every combination of each matrix, for so many seeds, and the runs of one node beside which they are shown. */
export function runsOf(matrices: readonly Matrix[], seeds: number): Runs {
  const all = Array.from({ length: seeds }, (_, seed) => seed);
  const together = unique(all.flatMap((seed) => matrices.flatMap((matrix) => casesOf(matrix, seed))));
  const paced = unique(all.flatMap((seed) => matrices.flatMap((matrix) => pacedCasesOf(matrix, seed))));
  return { alone: unique([...together.map(besideOf), ...paced.map(besidePaced)]), together, paced };
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((one) => [JSON.stringify(one), one])).values()];
}

function casesOf(matrix: Matrix, seed: number): Case[] {
  const drawn: Case[] = [];
  for (const text of matrix.texts)
    for (const strategy of matrix.strategies)
      for (const codec of matrix.codecs)
        for (const outer of matrix.outers)
          for (const momentum of matrix.momenta)
            for (const rate of matrix.rates)
              for (const nodes of matrix.nodes)
                for (const steps of matrix.steps)
                  for (const dropped of matrix.dropped)
                    for (const downlink of matrix.downlinks) {
                      const down = downlink === 'full' ? {} : { downlink };
                      const on = text === 'shakespeare' ? {} : { text };
                      const at = rate === 'suited' ? {} : { rate };
                      const chosen = { ...suited(strategy, codec, outer, momentum), ...at };
                      drawn.push({ strategy, ...chosen, nodes, steps, dropped, ...down, ...on, seed });
                    }
  return drawn;
}

/** The choices of which some are left to the strategy. */
function suited(
  strategy: StrategyName,
  codecChoice: CodecName | 'suited',
  outerChoice: OuterName | 'suited',
  momentumChoice: number | 'suited',
): Pick<Case, 'codec' | 'outer' | 'momentum'> {
  const usualCodec = strategies[strategy].codec === 'sparse' ? 'sparse' : 'dense8';
  const codec = codecChoice === 'suited' ? usualCodec : codecChoice;
  const usualOuter = codec === 'sparse' ? 'annealed' : 'nesterov';
  const outer = outerChoice === 'suited' ? usualOuter : outerChoice;
  return { codec, outer, momentum: momentumChoice === 'suited' ? null : momentumChoice };
}

function pacedCasesOf({ pacings, steps }: Matrix, seed: number): PacedCase[] {
  return pacings.flatMap((pacing) => steps.map((local) => ({ pacing, steps: local, seed })));
}

/** The run of one node beside which a run of several is shown. */
export function besideOf({ strategy, text, seed }: Pick<Case, 'strategy' | 'text' | 'seed'>): AloneCase {
  const { optimizer } = strategies[strategy];
  return { alone: optimizer, ...(text !== undefined && { text: 'mixed' }), seed };
}

/** The run of one node beside which a run of nodes of different speeds is shown. */
export const besidePaced = ({ seed }: Pick<PacedCase, 'seed'>): AloneCase => ({ alone: 'adamw', seed });

/** The steps of a run with at least so many tokens: a whole number of rounds for each number of local steps. */
export function stepsFor(tokens: number, tokensAStep: number, steps: readonly number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  const whole = steps.reduce((multiple, local) => (multiple * local) / divisor(multiple, local), 1);
  return Math.ceil(tokens / tokensAStep / whole) * whole;
}
