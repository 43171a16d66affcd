import type { Entry } from '../../journal/entry.ts';
import type { Replay } from '../../journal/replay.ts';
import { type Hash, toHex } from '../../wire/hex.ts';
import { comparedRounds } from '../../wire/speech/speech.ts';
import { keptDeltas } from './kept-deltas.ts';
import { isAnchor, keptStates, removedThrough } from './retention.ts';

/**
 * The blobs of a run that are kept but for the payloads: the tokenizer's files, the probe, the initial base, the newest
 * states, the bases that are compared for the room, the anchors from which the kept payloads lead on, the adopted bases that those payloads and the next round need, and the
 * deltas by which nodes follow.
 */
export function keptBlobs(replay: Replay): Set<Hash> {
  const { run, states, adopted, committed } = replay;
  const { initialBase, tokenizer, guard, limits } = run.manifest;
  const files =
    tokenizer.case === 'file' ? [toHex(tokenizer.value.hash), toHex(tokenizer.value.configHash)] : [];
  const probe = guard.case === 'probe' ? [toHex(guard.value.hash)] : [];
  const removed = removedThrough(committed, limits);
  const first = Math.max(1, removed);
  const last = adopted.length - 1;
  const needed = adopted.filter(({ committed: at }, i) => at >= removed || i === last);
  const anchors = states.slice(first - 1).filter((_, i) => isAnchor(first + i, limits));
  return new Set([
    toHex(initialBase),
    ...files,
    ...probe,
    ...[...anchors, ...states.slice(-keptStates)].flat(),
    ...comparedRounds.flatMap((round) => states[round - 1]?.slice(0, 1) ?? []),
    ...needed.flatMap(({ evidence }) => evidence),
    ...keptDeltas(replay),
  ]);
}

/** The payloads of the rounds whose payloads are kept. Its memory does not grow with the rounds before. */
export class KeptPayloads {
  readonly #rounds = new Map<number, Set<Hash>>();

  /** Takes the journal's next entry, which `replay` has applied. */
  apply(entry: Entry, replay: Replay): void {
    if (entry.kind === 'contribution-accepted') {
      // It counts in the open round, whichever it began from.
      const round = replay.committed + 1;
      const own = this.#rounds.get(round) ?? new Set();
      this.#rounds.set(round, own.add(entry.body.payload));
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
