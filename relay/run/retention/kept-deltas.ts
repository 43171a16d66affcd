import type { Replay } from '../../journal/replay.ts';
import type { Codec } from '../../wire/codec/codec.ts';
import { type Hash, toHex } from '../../wire/hex.ts';
import { removedThrough } from './retention.ts';

/** The most deltas of the newest rounds that are kept beyond the payloads of their rounds, and that lead from one base to another. */
const mostDeltas = 64;

/** How many deltas a node that missed rounds may need: together they are smaller than a base, which it would download instead. */
function usefulDeltas(codec: Codec, { manifest, fragments }: Replay['run']): number {
  const deltaBytes = codec.payloadBytes(fragments.length);
  return Math.min(mostDeltas, Math.ceil((4 * manifest.model.parameters) / deltaBytes) - 1);
}

/**
 * The hashes of the deltas that are kept: those of the rounds whose payloads are kept, and of the newest rounds as many as are
 * useful.
 */
export function keptDeltas({ run, deltas, committed }: Replay): readonly Hash[] {
  const { manifest, downlink } = run;
  if (downlink === null) return [];
  const useful = usefulDeltas(downlink, run);
  return deltas.slice(Math.max(0, Math.min(removedThrough(committed, manifest.limits), committed - useful)));
}

/**
 * The hashes of the deltas that lead from one base to a later one, in their order; null if there are none, or if the base itself is
 * not larger than all of them.
 */
export function deltasBetween(
  { run, states, deltas, committed }: Replay,
  from: Hash,
  to: Hash,
): readonly Hash[] | null {
  const { manifest, downlink } = run;
  if (downlink === null) return null;
  const useful = usefulDeltas(downlink, run);
  const first = Math.max(0, committed - useful);
  const baseOf = (round: number) => (round === 0 ? toHex(manifest.initialBase) : states[round - 1]?.[0]);
  let end = committed;
  while (end > first && baseOf(end) !== to) end--;
  let start = end - 1;
  while (start >= first && baseOf(start) !== from) start--;
  return start < first ? null : deltas.slice(start, end);
}
