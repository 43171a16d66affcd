import type { Entry } from '../../journal/entry.ts';
import type { Replay } from '../../journal/replay.ts';
import { type Hash, toHex } from '../../wire/hex.ts';
import { keptDeltas } from './kept-deltas.ts';
import { isAnchor, keptStates, removedThrough } from './retention.ts';

/**
 * The blobs of a run that are kept but for the payloads: the tokenizer's files, the probe, the initial base, the newest
 * states, the anchors from which the kept payloads lead on, and the deltas by which nodes follow.
 */
export function keptBlobs(replay: Replay): Set<Hash> {
  const { run, states, committed } = replay;
  const { initialBase, tokenizer, guard, limits } = run.manifest;
  const files =
    tokenizer.case === 'file' ? [toHex(tokenizer.value.hash), toHex(tokenizer.value.configHash)] : [];
  const probe = guard.case === 'probe' ? [toHex(guard.value.hash)] : [];
  const first = Math.max(1, removedThrough(committed, limits));
  const anchors = states.slice(first - 1).filter((_, i) => isAnchor(first + i, limits));
  return new Set([
    toHex(initialBase),
    ...files,
    ...probe,
    ...[...anchors, ...states.slice(-keptStates)].flat(),
    ...keptDeltas(replay),
  ]);
}

/** The payloads of the rounds whose payloads are kept. Its memory does not grow with the rounds before. */
export class KeptPayloads {
  readonly #rounds = new Map<number, Set<Hash>>();

  /** Takes the journal's next entry, which `replay` has applied. */
  apply(entry: Entry, replay: Replay): void {
    if (entry.kind === 'contribution-accepted') {
      const { round, payload } = entry.body;
      const own = this.#rounds.get(round) ?? new Set();
      this.#rounds.set(round, own.add(payload));
    }
    if (entry.kind !== 'round-committed') return;
    const through = removedThrough(replay.committed, replay.run.manifest.limits);
    for (const round of this.#rounds.keys()) {
      if (round > through) break;
      this.#rounds.delete(round);
    }
  }

  hashes(): Hash[] {
    return [...this.#rounds.values()].flatMap((payloads) => [...payloads]);
  }
}
