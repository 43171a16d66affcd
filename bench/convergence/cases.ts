import type { DownlinkName } from '../../apps/cli/run/choices/downlink-choices.ts';

/** How deltas are encoded: dense with so many bits a value, 2 bits that follow from the values, or sparse. */
export const codecNames = ['dense8', 'dense4', 'dense2', 'statistical', 'sparse'] as const;
export type CodecName = (typeof codecNames)[number];

/** The relay's step: with momentum, plain with an annealed rate, or plain with the rate that it begins with. */
export const outerNames = ['nesterov', 'annealed', 'constant'] as const;
export type OuterName = (typeof outerNames)[number];

/** One run of several nodes on equal parts of a batch. */
export interface Case {
  readonly codec: CodecName;
  readonly outer: OuterName;
  readonly nodes: number;
  /** Local steps a round. */
  readonly steps: number;
  /** Per cent of the contributions that are lost. */
  readonly dropped: number;
  /** How bases reach the nodes; whole unless given. */
  readonly downlink?: DownlinkName;
  readonly seed: number;
}

export interface Matrix {
  readonly codecs: readonly CodecName[];
  /** With `suited`, nesterov for dense codecs and annealed for the sparse one. */
  readonly outers: readonly (OuterName | 'suited')[];
  readonly nodes: readonly number[];
  readonly steps: readonly number[];
  readonly dropped: readonly number[];
  readonly downlinks: readonly DownlinkName[];
  /** Runs of each case. */
  readonly seeds: number;
}

/** Every combination, those of a seed together. */
export function casesOf(matrix: Matrix): Case[] {
  const { codecs, outers, nodes, steps, dropped, downlinks, seeds } = matrix;
  const drawn: Case[] = [];
  for (let seed = 0; seed < seeds; seed++)
    for (const codec of codecs)
      for (const choice of outers)
        for (const count of nodes)
          for (const local of steps)
            for (const part of dropped)
              for (const downlink of downlinks) {
                const outer = choice === 'suited' ? (codec === 'sparse' ? 'annealed' : 'nesterov') : choice;
                const down = downlink === 'full' ? {} : { downlink };
                drawn.push({ codec, outer, nodes: count, steps: local, dropped: part, ...down, seed });
              }
  return drawn;
}

/** The steps of a run with at least so many tokens: a whole number of rounds for each number of local steps. */
export function stepsFor(tokens: number, tokensAStep: number, steps: readonly number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  const whole = steps.reduce((multiple, local) => (multiple * local) / divisor(multiple, local), 1);
  return Math.ceil(tokens / tokensAStep / whole) * whole;
}
