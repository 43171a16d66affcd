import type { NewRun } from '../../relay/run.ts';
import { densePayloadBytes } from '../../relay/wire/dense.ts';
import { codec, tinyRun } from './run-support.ts';

/** Enough that a payload takes two chunks. */
export const parameters = 70_000;
export const payloadBytes = densePayloadBytes(parameters, codec);

export interface SmallRun {
  readonly rounds?: number;
  readonly quorum?: number;
  readonly target?: number;
  readonly deadlineMs?: number;
  readonly graceMs?: number;
  readonly maxNodes?: number;
}

/** A tiny run of that size, by default for two nodes. */
export function smallRun(options: SmallRun = {}): NewRun {
  const { rounds = 3, quorum = 2, target = 2, deadlineMs = 20_000, graceMs = 200, maxNodes = 8 } = options;
  const { manifest, initialBase } = tinyRun({ parameters, rounds });
  const limits = { quorum, target, deadlineMs, graceMs, payloadBytes, maxTokens: 1000, maxNodes };
  return { manifest: { ...manifest, limits }, initialBase };
}
