import type { NewRun } from '../../../relay/run/run.ts';
import { codec, tinyRun } from './run-support.ts';

/** Enough that a payload takes two chunks. */
export const parameters = 70_000;
export const payloadBytes = codec.payloadBytes(parameters);

export interface SmallRun {
  readonly rounds?: number;
  readonly quorum?: number;
  readonly target?: number;
  readonly deadlineMs?: number;
  readonly graceMs?: number;
  readonly maxNodes?: number;
  /** The greatest part of a round's weight that a node may have, in per cent; 100 unless given. */
  readonly weightShare?: number;
  /** Where the upper layers begin that the run grants; none unless given. */
  readonly upperFrom?: number;
  /** With the robust mean; the weighted mean unless given. */
  readonly robust?: true;
}

/** A tiny run of that size, by default for two nodes. */
export function smallRun(options: SmallRun = {}): NewRun {
  const { rounds = 3, quorum = 2, target = 2, deadlineMs = 20_000, graceMs = 200, maxNodes = 8 } = options;
  const tensors = options.robust && { tensors: [parameters] };
  const { weightShare = 100, upperFrom } = options;
  const part = upperFrom === undefined ? {} : { upperFrom };
  const { manifest, initialBase } = tinyRun({ parameters, rounds, ...tensors, ...part });
  const own = { quorum, target, deadlineMs, graceMs, payloadBytes, maxNodes, weightShare };
  const limits = { ...manifest.limits, ...own };
  return { manifest: { ...manifest, limits }, initialBase };
}
