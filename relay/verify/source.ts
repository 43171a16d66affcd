import type { StoredEntry } from '../journal/entry.ts';
import type { Replay } from '../journal/replay.ts';
import { hashOfBytes } from '../storage/sha256.ts';
import type { Hash } from '../wire/hex.ts';
import type { Kept } from './kept.ts';
import type { Problem, Problems } from './problems.ts';

/** The source that a run is read from: a folder (`folderSource`) or a relay (`relaySource`). */
export interface VerifySource {
  /** The journal's entries in order, as they are stored. Throws EntryError if the next one cannot be read. */
  journal(): AsyncIterable<StoredEntry> | Iterable<StoredEntry>;
  /** How many rounds the journal's newest commit says are committed, unchecked; 0 before the first. */
  committed(): Promise<number>;
  /**
   * A blob's bytes without checking their hash, at most `length` + 1 of them; null if there is no such blob. A relay
   * withholds the payloads of its open round. `signal` gives a request up.
   */
  blob(hash: Hash, length: number, signal?: AbortSignal): Promise<Uint8Array | null | 'withheld'>;
  /** Evidence that the source gave out before `journal` gave its first entry, such as the checkpoint that a relay publishes. */
  published(): readonly Kept[];
  /**
   * Checks the source's other files; called once the journal and the blobs that it names are read. `isWhole` is false where the
   * checks stopped before the journal's end: then the state of `replay` is an older one, which nobody keeps.
   */
  rest(replay: Replay | null, isWhole: boolean): AsyncIterable<Problem>;
}

/** The blob's path in a run's folder, which also names it at a relay. */
export function blobPlace(hash: Hash): string {
  return `blobs/${hash.slice(0, 2)}/${hash}`;
}

/** A blob whose bytes match its hash. Otherwise null, and a problem is added, unless it `mayBeWithheld` and is withheld. */
export async function wholeBlob(
  source: Pick<VerifySource, 'blob'>,
  hash: Hash,
  length: number,
  problems: Problems,
  mayBeWithheld = false,
): Promise<Uint8Array | null> {
  const bytes = await source.blob(hash, length);
  if (bytes === 'withheld') {
    if (!mayBeWithheld)
      problems.add({
        code: 'blob.withheld',
        place: blobPlace(hash),
        problem: 'is withheld, but its round is over',
      });
    return null;
  }
  if (bytes !== null && hashOfBytes(bytes) === hash) return bytes;
  problems.add({
    code: bytes === null ? 'blob.missing' : 'blob.changed',
    place: blobPlace(hash),
    problem: bytes === null ? 'is missing' : 'was changed: its bytes do not have the hash that names it',
  });
  return null;
}
