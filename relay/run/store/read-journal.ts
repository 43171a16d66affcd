import { TapestryError } from '../../../client/errors.ts';
import { checkEntry, EntryError, type StoredEntry } from '../../journal/entry.ts';
import type { EventLog } from '../../journal/event-log.ts';
import { Replay } from '../../journal/replay.ts';
import { type BlobStore, vectorOfBytes } from '../../storage/blob-store.ts';
import type { Hash } from '../../wire/hex.ts';
import { RoundEntries } from '../report/round-entries.ts';
import { KeptPayloads } from '../retention/kept-blobs.ts';

/** The state at the end of a journal. */
export interface ReadJournal {
  readonly replay: Replay;
  readonly last: StoredEntry;
  readonly payloads: KeptPayloads;
  readonly rounds: RoundEntries;
}

/** Reads a whole journal; null for one without entries. Throws `run.damaged`. */
export async function readJournal(log: EventLog): Promise<ReadJournal | null> {
  let replay: Replay | null = null;
  let last: StoredEntry | null = null;
  const payloads = new KeptPayloads();
  const rounds = new RoundEntries();
  try {
    for await (const stored of log.read(0)) {
      const entry = checkEntry(stored, last);
      if (replay === null) replay = Replay.begin(entry);
      else replay.apply(entry);
      payloads.apply(entry, replay);
      rounds.apply(entry);
      last = stored;
    }
  } catch (error) {
    throw error instanceof EntryError ? damaged(`${error.place} ${error.message}`, error) : error;
  }
  return replay === null || last === null ? null : { replay, last, payloads, rounds };
}

/** A vector of the run's state. Throws `run.damaged`. */
export async function readVector(
  blobs: BlobStore,
  hash: Hash,
  parameters: number,
): Promise<Float32Array<ArrayBuffer>> {
  const bytes = await blobs.get(hash);
  const vector = bytes === null ? null : vectorOfBytes(bytes, parameters);
  if (vector === null) throw damaged(`blob ${hash} is missing or was changed`);
  return vector;
}

export function damaged(problem: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'run.damaged',
    problem,
    'Put the folder back from a copy; `tapestry verify <folder>` names everything that is damaged.',
    { cause },
  );
}
