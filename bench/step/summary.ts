import type { Opened, Turn } from './contender.ts';
import type { Workload } from './workload.ts';

/** All that was seen of one contender. */
export interface Observed extends Opened {
  readonly name: string;
  readonly turns: readonly Turn[];
  readonly peakBytes: number | null;
}

/** One contender's figures, as printed. */
export interface Figures {
  readonly contender: string;
  readonly adapter: string;
  readonly parameters: number;
  readonly tokensPerSecond: number;
  /** Median over the blocks of all turns, and the best block. */
  readonly msPerStep: number;
  readonly bestMsPerStep: number;
  /** Median over the turns of the processor's milliseconds a step, of all threads; null where the contender cannot tell. */
  readonly processorMsPerStep: number | null;
  readonly submits: number;
  readonly dispatches: number;
  readonly firstStepSeconds: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Resident memory of the process; null where the system does not say. */
  readonly peakBytes: number | null;
  /** GPU buffers alone, in bytes, and as predicted. */
  readonly gpuBytes: number;
  readonly predictedBytes: number | null;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** A contender's figures over its turns. */
export function figuresOf(seen: Observed, { batch, sequence }: Workload): Figures {
  const blocks = seen.turns.flatMap(({ milliseconds }) => milliseconds);
  const steps = seen.turns.reduce((sum, turn) => sum + turn.steps, 0);
  const each = (count: (turn: Turn) => number) =>
    seen.turns.reduce((sum, turn) => sum + count(turn), 0) / steps;
  const msPerStep = median(blocks);
  const processor = seen.turns.flatMap(({ processorMilliseconds }) => processorMilliseconds ?? []);
  return {
    contender: seen.name,
    adapter: seen.adapter,
    parameters: seen.parameters,
    tokensPerSecond: (batch * sequence * 1000) / msPerStep,
    msPerStep,
    bestMsPerStep: Math.min(...blocks),
    processorMsPerStep: processor.length === 0 ? null : median(processor),
    submits: each(({ submits }) => submits),
    dispatches: each(({ dispatches }) => dispatches),
    firstStepSeconds: seen.firstStepSeconds,
    firstLoss: seen.firstLoss,
    lastLoss: seen.turns.at(-1)?.loss ?? Number.NaN,
    peakBytes: seen.peakBytes,
    gpuBytes: Math.max(0, ...seen.turns.map(({ peakBytes }) => peakBytes)),
    predictedBytes: seen.predictedBytes,
  };
}

/**
 * How many times as fast as `peer` is `own`: the median over rounds of the quotient within a round, so that a machine
 * that is slow for a whole round does not count.
 */
export function ratio(own: Observed, peer: Observed): number {
  return median(
    own.turns.map(({ milliseconds }, round) => {
      const theirs = peer.turns[round]?.milliseconds ?? [];
      return median(theirs) / median(milliseconds);
    }),
  );
}
