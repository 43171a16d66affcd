import type { StoredEntry } from '../journal/entry.ts';
import type { Replay } from '../journal/replay.ts';
import { headOf } from '../wire/checkpoint.ts';
import {
  checkForkProof,
  type ForkProof,
  provingSequence,
  type Statement,
} from '../wire/evidence/fork-proof.ts';
import { fromHex, toHex } from '../wire/hex.ts';

/**
 * The proof that the relay signed both a statement and the newest checkpoint of a journal that contradicts it; null if
 * no statement gives one. None does while the relay has not signed the journal as far as the statement reaches.
 * `journal` reads the journal again.
 */
export async function forkProofOf(
  contradicted: readonly Statement[],
  replay: Replay,
  journal: () => AsyncIterable<StoredEntry> | Iterable<StoredEntry>,
): Promise<ForkProof | null> {
  const { tree, run } = replay;
  const later = tree.checkpoint;
  const head = later && headOf(later);
  if (later === null || head === null || contradicted.length === 0) return null;
  const leaves: Uint8Array[] = [];
  for await (const { hash, sequence } of journal()) {
    if (sequence > head.size) break;
    leaves.push(fromHex(hash));
  }
  for (const earlier of contradicted) {
    const sequence = provingSequence(earlier, head.size);
    const path =
      sequence === null
        ? []
        : await tree.inclusion(sequence, head.size, async (start, end) => leaves.slice(start, end));
    const [leaf] = sequence === null ? [] : leaves.slice(sequence - 1, sequence);
    const entry = leaf && path && { hash: toHex(leaf), path };
    const proof = { manifest: run.manifestBytes, earlier, later, entry: entry ?? null };
    if ((await checkForkProof(proof)) !== null) return proof;
  }
  return null;
}
